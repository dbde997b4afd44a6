// Package browser drives headless Chromium for the tests that need a real one: those of
// the capture script and of the demonstration's shop. All but this comment is built with
// the tag browser only, for make test-browser. What a page should do is for those tests.
package browser
