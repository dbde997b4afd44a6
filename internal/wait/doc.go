// Package wait waits until a duration has passed or a context ends: a bare time.Sleep
// would outlast the limit of a shutdown.
package wait
