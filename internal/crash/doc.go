// Package crash ends the process after a panic without printing the panic's value.
//
// Go writes a panic's value and the arguments of every call to standard error. In this
// program both may belong to an event. Report, which every goroutine of ours defers
// first, writes the kind of panic and the functions it happened in, through the logger
// once there is one. Goroutines that libraries start are not covered unless they call our
// functions, which therefore defer it too.
package crash
