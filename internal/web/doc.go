// Package web has the rules for every HTTP client of the program, such as following no
// redirect, which would carry a token elsewhere. It knows no API: sink/web talks to
// Amazon, and schemas/registry to registries.
package web
