// Package web has the rules for every HTTP client of the program: it follows no redirect,
// which would carry a token elsewhere, and a URL that somebody configures is checked in
// one way. It knows no API and sends nothing. Package sink/web talks to Amazon, and
// schemas/registry to registries.
package web
