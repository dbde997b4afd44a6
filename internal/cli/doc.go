// Package cli has what several commands share: the process that a command runs in, the
// flags that more than one has, and how mistakes of the caller are reported. What a
// single command has stays in its file in cmd/amazon-capi, and settings of the stages in
// internal/config. It knows no stage beyond the types that such flags stand for.
package cli
