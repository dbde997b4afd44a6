// Package exchange makes one request to Amazon and returns its outcome: the route, the
// borrowed body, the answer, read within a memory budget, or the fault that prevented it.
// Nothing here batches, tries again or decides a verdict. Direct is an exchange for an
// operator, without a lane.
package exchange
