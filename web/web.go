// Package web holds the website that a gateway serves: the playground, where people ask the network, and read-only pages about it.
// It is built by `make web` from the React application in this folder; without a build, Dist is a page that says so, and nothing
// but the pages is missing.
//
// Start at Dist.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist all:placeholder
var files embed.FS

// Dist is the site: index.html, and what it asks for. A path that is no file is a page of the application, so whoever serves it
// answers with index.html.
func Dist() fs.FS { return site(files) }

// Built tells whether Dist is the application and not the placeholder.
func Built() bool { return built(files) }

func built(all fs.FS) bool {
	_, err := fs.Stat(all, "dist/index.html")
	return err == nil
}

func site(all fs.FS) fs.FS {
	folder := "placeholder"
	if built(all) {
		folder = "dist"
	}
	sub, err := fs.Sub(all, folder)
	if err != nil { // never: the name is valid
		panic(err)
	}
	return sub
}
