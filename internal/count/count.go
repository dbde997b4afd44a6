package count

import "strconv"

// Of returns a number with its noun, which is given in the singular: 1 event, 2 events.
// The plural adds an s.
func Of[T ~int | ~int32 | ~int64 | ~uint64](n T, noun string) string {
	s := strconv.FormatInt(int64(n), 10) + " " + noun
	if n == 1 {
		return s
	}
	return s + "s"
}

// Is returns is or are, to agree with a number.
func Is[T ~int | ~int32 | ~int64 | ~uint64](n T) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// They returns it or they, to agree with a number.
func They[T ~int | ~int32 | ~int64 | ~uint64](n T) string {
	if n == 1 {
		return "it"
	}
	return "they"
}

// Was returns was or were, to agree with a number.
func Was[T ~int | ~int32 | ~int64 | ~uint64](n T) string {
	if n == 1 {
		return "was"
	}
	return "were"
}
