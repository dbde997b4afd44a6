// Package attribution examines low attribution over a window of the topic: how many
// events have a click id and identifiers, how old clicks are, what consent denies, how
// late events arrive, what the rules refuse, and which ids are used twice.
package attribution
