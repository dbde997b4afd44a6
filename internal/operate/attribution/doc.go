// Package attribution examines low attribution over a window of the topic: how many
// events have a click id and identifiers, how old clicks are, what consent denies, how
// late events arrive, what the rules refuse, and which ids are used twice. It sends
// nothing and changes nothing. Reading topics is for package history, the rules for
// transform, and printing for report.
package attribution
