// Package iso knows the codes of countries (ISO 3166-1), of states and provinces
// (ISO 3166-2) and of currencies (ISO 4217). It finds a code in any case, and a
// state also by its name, without allocating. What an event may leave out, and what
// to say of a bad code, is for package transform to decide.
package iso
