// Package explain tells an operator what the pipeline makes of one event, and why: the
// event as it was read, what each rule says of it, the payload, and the request that
// would carry it. It sends nothing. The rules and payloads are those of the stages, so
// that it cannot differ from what run does.
package explain
