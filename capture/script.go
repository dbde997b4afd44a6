package capture

import (
	"crypto/sha512"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

//go:embed capture.min.js
var minified string

// Script returns the script for the browser, minified.
func Script() string { return minified }

// Integrity returns the script's hash for the integrity attribute.
func Integrity() string {
	sum := sha512.Sum384([]byte(minified))
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}

// ServeScript serves the script; mount it on a path of the site itself, which content security
// policies and blockers allow.
func ServeScript(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("Etag", `"`+Integrity()+`"`)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(minified))
}
