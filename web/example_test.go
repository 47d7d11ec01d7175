package web_test

import (
	"fmt"
	"io/fs"

	"github.com/gotensor/gotensor/web"
)

func ExampleDist() {
	info, err := fs.Stat(web.Dist(), "index.html")
	fmt.Println(info.Size() > 0, err)
	// Output: true <nil>
}
