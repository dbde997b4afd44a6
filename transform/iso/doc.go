// Package iso has the codes of countries (ISO 3166-1), of states and provinces (ISO 3166-2)
// and of currencies (ISO 4217). It finds a code in any case, and a state also by name,
// without allocating. Package transform decides what an event may leave out and how to
// report an invalid code.
package iso
