// Package exchange makes one request to Amazon and says what came of it: the route it
// goes by, the body that is lent to it, the answer that is read within a budget of
// memory, or the fault that kept it away. Nothing here batches, tries again or decides
// a verdict; a Direct is an exchange for an operator, with no lane around it.
package exchange
