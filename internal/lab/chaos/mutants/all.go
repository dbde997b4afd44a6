package mutants

import "slices"

// All returns every mutant.
func All() []Mutant { return slices.Concat(mistakes(), ofConsumer(), ofSink()) }

// mistakes are those that the chaos run looks for, too. Like the others it is long because it
// is a list.
func mistakes() []Mutant {
	return []Mutant{
		{
			Name: "commit-on-poll",
			What: "commits the offsets of what was taken, delivered or not",
			Edits: []Edit{{"consumer/assignment/commitable.go",
				"	b := a.ledger.Beyond()\n	c.Offset.Epoch = a.ledger.Prefix().Epoch\n",
				"	c.Offset = kgo.EpochOffset{Epoch: end.Epoch, Offset: end.Offset}\n	if true {\n		return c, true\n	}\n	b := a.ledger.Beyond()\n	c.Offset.Epoch = a.ledger.Prefix().Epoch\n",
			}},
		},
		{
			Name: "fence-before-drain",
			What: "gives a partition up before what it has in flight is finished",
			Edits: []Edit{{"consumer/rebalance.go",
				"	flushed, stop := context.WithCancel(ctx)\n",
				"	if true {\n		c.end(as)\n		return 0\n	}\n	flushed, stop := context.WithCancel(ctx)\n",
			}},
		},
		{
			Name: "letter-not-awaited",
			What: "counts a dead letter as written before the brokers have it",
			Edits: []Edit{{"sink/deadletter/writer.go",
				"		d.opts.Producer.TryProduce(d.ctx, rec, acknowledged)\n",
				"		a.set(i, nil)\n		acknowledged = nil\n		d.opts.Producer.TryProduce(d.ctx, rec, acknowledged)\n",
			}},
		},
		{
			Name: "2xx-unread",
			What: "takes any 2xx for the acceptance of all events",
			Edits: []Edit{{"sink/amazon/answer.go",
				"	switch {\n	case doc.kind == noJSON || doc.kind == brokenJSON:\n",
				"	switch {\n	case true:\n		a.takeAll(items, ans)\n	case doc.kind == noJSON || doc.kind == brokenJSON:\n",
			}},
		},
		{
			Name: "failure-unread",
			What: "takes a 2xx that says that it failed for acceptance",
			Edits: []Edit{{"sink/amazon/answer.go",
				"	case failed:\n		a.readFailure(r, doc, s, ans)\n	case r.Status == 207",
				"	case failed && false:\n		a.readFailure(r, doc, s, ans)\n	case r.Status == 207",
			}},
		},
		{
			Name: "metadata-of-anyone",
			What: "believes a commit's metadata, whatever records it is about",
			Edits: []Edit{{"consumer/ledger/trial.go",
				"kin: c.Said.Log.kinship(log), start: start, end: end, proven: -1}\n	if t.kin == sameLog {\n",
				"kin: sameLog, start: start, end: end, proven: 1 << 40}\n	if false {\n",
			}},
		},
		{
			Name: "no-room",
			What: "lets lanes that are stuck keep all that is taken",
			Edits: []Edit{{"sink/shed.go",
				"	out, gave := s.shedStuck(&c, now, most)\n",
				"	var out []Backlog\n	gave := 0\n",
			}},
		},
		{
			Name: "drain-forgotten",
			What: "does not know, when partitions are revoked, of those that drain for a stop",
			Edits: []Edit{{"consumer/table.go",
				"	for _, a := range c.named(partitions) {\n		a.Retire()\n",
				"	for _, a := range c.named(partitions) {\n		if !a.Taking() && a.Commits() {\n			continue\n		}\n		a.Retire()\n",
			}},
		},
	}
}
