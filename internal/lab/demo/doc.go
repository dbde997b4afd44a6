// Package demo delivers samples through a broker, a registry and a sandbox Amazon in this
// process, and shows what happened to them; or it serves a shop whose visitors make the
// events. It runs the pipeline that run runs, and leaves nothing behind. The brokers and
// Amazon are for package sandbox, the samples for package sample, and the shop for
// package shop.
package demo
