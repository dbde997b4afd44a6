package avro

import "unicode/utf8"

const (
	// maxPath bounds a field's path in an error. A path is built for every record that
	// cannot be read, from names and levels that its writer chose.
	maxPath = 256
	// maxPathName bounds a name in it.
	maxPathName = 96
)

// joinPath puts a field's name before the path within it. A path that is too long
// loses its middle: its beginning is what the reader knows, and its end is what is at
// fault.
func joinPath(name, within string) string {
	name = cutName(name)
	switch {
	case within == "":
		return name
	case len(name)+1+len(within) <= maxPath:
		return name + "." + within
	}
	const between = ".…."
	from := len(within) - (maxPath - len(name) - len(between))
	for from < len(within) && !utf8.RuneStart(within[from]) {
		from++
	}
	return name + between + within[from:]
}

func cutName(name string) string {
	if len(name) <= maxPathName {
		return name
	}
	end := maxPathName - len("…")
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end] + "…"
}
