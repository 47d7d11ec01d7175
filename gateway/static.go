package gateway

import (
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/gotensor/gotensor/internal/apierror"
)

// static serves a site whose pages are drawn by one script: a path that is no file is the site's own business, so it gets index.html.
func static(site fs.FS) http.Handler {
	files := http.FileServerFS(site)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recordOf(r.Context()).route = "/"
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			apierror.Write(w, &apierror.Error{Status: http.StatusNotFound, Type: apierror.InvalidRequest, Code: "unknown_url", Message: "nothing here takes " + r.Method})
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		h := w.Header()
		h.Set("Cache-Control", "no-cache")
		h.Set("Referrer-Policy", "no-referrer")
		info, err := fs.Stat(site, name)
		switch {
		case name == "" || (err != nil && path.Ext(name) == ""):
			http.ServeFileFS(w, r, site, "index.html")
			return
		case err == nil && info.IsDir():
			http.NotFound(w, r) // no listings
			return
		case err == nil && strings.HasPrefix(name, "assets/"):
			h.Set("Cache-Control", "public, max-age=31536000, immutable") // their names change with their content
		}
		files.ServeHTTP(w, r)
	})
}
