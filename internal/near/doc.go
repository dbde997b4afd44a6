// Package near finds the name that a misspelt one was meant to be.
package near
