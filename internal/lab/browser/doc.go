// Package browser drives headless Chromium for the tests that need a real one.
// All but this comment is built with the tag browser only: make test-browser.
package browser
