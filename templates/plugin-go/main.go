// gotensor-plugin-factor is a plug-in for subnets of the mechanism custom: miners split numbers into two primes; validators draw the
// numbers and know the primes. It serves both halves. Put your own task in place of schema, factor, round and score.
package main

import (
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net/http"
	"slices"
)

const schema = `{"name": "factor", "model": "rho-%d", "operations": [{"name": "factor", "description": "Splits a product of two primes.",
"input": {"type": "object", "properties": {"n": ` + number + `}, "required": ["n"], "additionalProperties": false},
"output": {"type": "object", "properties": {"factors": {"type": "array", "items": ` + number + `, "minItems": 2, "maxItems": 2}}, "required": ["factors"]}}]}`

const number = `{"type": "string", "pattern": "^[0-9]{1,20}$"}`

type object = map[string]any

// factor is the miner's half: Pollard's rho.
func factor(n *big.Int) object {
	d, diff := new(big.Int), new(big.Int)
	for c := int64(1); c < 50; c++ {
		step := func(x *big.Int) { x.Mod(x.Add(x.Mul(x, x), big.NewInt(c)), n) }
		x, y := big.NewInt(c+1), big.NewInt(c+1)
		for d.SetInt64(1); d.IsInt64() && d.Int64() == 1; d.GCD(nil, nil, diff.Abs(diff.Sub(x, y)), n) {
			step(x)
			step(y)
			step(y)
		}
		if d.Cmp(n) != 0 {
			return object{"factors": []string{d.String(), diff.Div(n, d).String()}}
		}
	}
	return object{"error": "n has no two factors that are easy to find"}
}

// round is the validator's first half: numbers of all sizes, and a prime of each as the secret.
func round() object {
	var requests, secret []any
	for bits := 10; bits <= 30; bits += 4 {
		p, _ := rand.Prime(rand.Reader, bits) // never fails
		q, _ := rand.Prime(rand.Reader, bits)
		requests = append(requests, object{"operation": "factor", "input": object{"n": new(big.Int).Mul(p, q).String()}})
		secret = append(secret, p.String())
	}
	return object{"requests": requests, "secret": secret}
}

type message struct { // fields of all requests that this plug-in gets
	N       string
	Secret  []string
	Answers []struct {
		ID      string
		Replies []struct {
			Output struct{ Factors []string }
			Ms     float64
		}
	}
}

// score is the validator's second half. Outputs fit the schema by now. What is right earns the more the larger the number, and the sooner it came.
func score(m message) object {
	scores := map[string]float64{}
	for _, a := range m.Answers {
		scores[a.ID] = 0 // an answer without anything right is judged too
		for i, reply := range a.Replies {
			if slices.Contains(reply.Output.Factors, m.Secret[i]) {
				scores[a.ID] += float64(len(m.Secret[i])) / (1 + reply.Ms/1000)
			}
		}
	}
	return object{"scores": scores}
}

func main() {
	port, limit := flag.Int("port", 9000, "to serve at, on this machine only"), flag.Int("limit", 64, "bits of the largest number that it tries")
	flag.Parse()
	http.HandleFunc("GET /schema", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, schema, *limit) })
	http.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		m, n, out := message{}, new(big.Int), object{"error": "want JSON with an odd n that is no prime and not too long"}
		if err := json.NewDecoder(r.Body).Decode(&m); err == nil && r.URL.Path == "/round" {
			out = round()
		} else if err == nil && r.URL.Path == "/score" {
			out = score(m)
		} else if n.SetString(m.N, 10); n.BitLen() > 3 && n.BitLen() <= *limit && n.Bit(0) == 1 && !n.ProbablyPrime(20) {
			out = factor(n)
		}
		if out["error"] != nil {
			w.WriteHeader(http.StatusUnprocessableEntity) // the caller is told these words
		}
		_ = json.NewEncoder(w).Encode(out) // the caller may be gone
	})
	log.Fatal(http.ListenAndServe(fmt.Sprintf("127.0.0.1:%d", *port), nil))
}
