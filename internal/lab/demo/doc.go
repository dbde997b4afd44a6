// Package demo delivers samples through a broker, a registry and a sandbox Amazon in
// this process, and shows what became of them; or serves a shop whose visitors make
// the events. It runs the pipeline that run runs, and leaves nothing behind.
package demo
