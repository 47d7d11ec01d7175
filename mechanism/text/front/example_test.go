package front_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/gotensor/gotensor/mechanism/text/front"
)

// A gateway serves the routes of a Front; here over a network of one neuron that repeats itself.
func Example() {
	f, err := front.New(front.Config{Network: newNetwork(parrot("Once ", "upon a time")), Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	for _, r := range f.Routes() {
		mux.Handle(r.Pattern, r.Handler)
	}
	w := httptest.NewRecorder()
	body := `{"model": "auto", "messages": [{"role": "user", "content": "Tell me a story."}]}`
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(body)))
	fmt.Println(w.Code, "from uid", w.Header().Get("Gt-Uid"))
	fmt.Println(strings.Contains(w.Body.String(), `"content":"Once upon a time"`))

	w = httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/completions", strings.NewReader(`{"prompt": [1, 2, 3]}`)))
	fmt.Println(w.Code, w.Body.String())
	// Output:
	// 200 from uid 7
	// true
	// 400 {"error":{"message":"prompt[0] is no string; arrays of tokens are not served, since neurons have tokenizers of their own: send the text","type":"invalid_request_error","param":"prompt","code":null}}
}
