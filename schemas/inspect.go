package schemas

// Inspection is what a writer's schema means to us, for its writer to look at
// before the first record is written.
type Inspection struct {
	// Reads are the paths of our fields that records of the schema can fill,
	// Lacks those that they leave empty.
	Reads, Lacks []string
	// Ignores are the schema's own fields that mean nothing to us.
	Ignores []string
}

// Inspect reads a schema as the decoder does. The error is a *DecodeError if no
// record of it could ever be an event.
func Inspect(text string) (Inspection, error) {
	var in Inspection
	if _, bad := compile(WriterSchema{Type: "AVRO", Text: text}); bad != nil {
		return in, bad
	}
	root, err := parseAvro(text)
	if err != nil {
		return in, badSchema(err)
	}
	v, bad := bind(root)
	if bad != nil {
		return in, bad
	}
	used, filled := make(map[string]bool), make(map[*field]bool)
	for _, b := range v.event {
		used[b.from] = true
		filled[b.field] = !onlyNull(b.typ)
	}
	for _, g := range v.groups {
		used[g.from] = true
		for _, records := range g.records {
			for _, b := range records {
				filled[b.field] = filled[b.field] || !onlyNull(b.typ)
			}
		}
	}
	for i := range fields {
		if f := &fields[i]; filled[f] {
			in.Reads = append(in.Reads, f.path())
		} else {
			in.Lacks = append(in.Lacks, f.path())
		}
	}
	for _, f := range root.fields {
		if !used[f.name] {
			in.Ignores = append(in.Ignores, f.name)
		}
	}
	return in, nil
}
