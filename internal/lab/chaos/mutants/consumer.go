package mutants

// ofConsumer are mistakes in what is read, in whose name, and what is committed of it. It is
// long because it is a list.
func ofConsumer() []Mutant {
	return []Mutant{
		{
			Name: "metadata-of-another-topic",
			What: "commits a partition with the metadata of another topic's, and believes that",
			Edits: []Edit{
				{"consumer/commits/commit.go",
					"			text := b.commits[tp].Metadata\n",
					"			text := b.commits[tp].Metadata\n			for other, commit := range b.commits {\n				if other.Topic != tp.Topic && len(commit.Metadata) > len(text) {\n					text = commit.Metadata\n				}\n			}\n"},
				{"consumer/ledger/trial.go",
					"kin: c.Said.Log.kinship(log), start: start, end: end, proven: -1}\n	if t.kin == sameLog {\n",
					"kin: sameLog, start: start, end: end, proven: 1 << 40}\n	if false {\n"},
			},
		},
		{
			Name: "claim-released-early",
			What: "commits of a partition before the group has said where it stands",
			Edits: []Edit{{"consumer/assignment/claimed.go",
				"	a.unheard = true\n",
				"	a.ledger.Begin(0)\n	a.ledger.Touch()\n"}, {"consumer/assignment/commitable.go",
				"return a.claim == nil && !a.unheard }",
				"return !a.unheard }"}},
		},
		{
			Name: "settles-for-the-next-owner",
			What: "lets a verdict count for whoever has the partition now",
			Edits: []Edit{{"consumer/consumer.go",
				"		run, b := owner.(*assignment.Assignment).Settle(vs[i:n])\n",
				"		c.mu.Lock()\n		if now := c.assignments[owner.(*assignment.Assignment).TopicPartition()]; now != nil {\n			owner = now\n		}\n		c.mu.Unlock()\n		run, b := owner.(*assignment.Assignment).Settle(vs[i:n])\n"}, {"consumer/assignment/assignment.go",
				"func (a *Assignment) Live() bool { return a.phase() != phaseEnded }",
				"func (a *Assignment) Live() bool { return true }"}},
		},
		{
			Name: "parked-forgotten",
			What: "takes what is parked for done when the partition is revoked",
			Edits: []Edit{{"consumer/assignment/assignment.go",
				"		a.mu.Lock()\n	}\n	return a.underway()\n",
				"		a.mu.Lock()\n	}\n	for seq := uint64(0); a.parked > 0 && seq < a.ledger.Next(); seq++ {\n		a.ledger.Settle(seq)\n	}\n	return a.underway()\n"}},
		},
		{
			Name: "parked-not-read-again",
			What: "settles what it parks",
			Edits: []Edit{{"consumer/assignment/assignment.go",
				"			a.parked++\n		}\n	}\n	a.noteDrained()\n",
				"			a.parked++\n			if t.Seq%2 == 0 {\n				a.ledger.Settle(t.Seq)\n			}\n		}\n	}\n	a.noteDrained()\n"}},
		},
		{
			Name: "drain-by-count",
			What: "ends a drain when nothing is left to be begun, whatever has its verdict",
			Edits: []Edit{{"consumer/assignment/assignment.go",
				"	a.mu.Lock()\n	defer a.mu.Unlock()\n	if a.underway() > 0 {\n		drained := a.drained\n",
				"	a.mu.Lock()\n	defer a.mu.Unlock()\n	if len(a.inbox) == 0 {\n		return 0\n	}\n	if a.underway() > 0 {\n		drained := a.drained\n"}},
		},
		{
			Name: "drain-unbounded",
			What: "waits in a drain for as long as it takes",
			Edits: []Edit{{"consumer/assignment/assignment.go",
				"		select {\n		case <-drained:\n		case <-ctx.Done():\n		}\n",
				"		<-drained\n"}},
		},
		{
			Name: "no-last-commit",
			What: "does not commit what it finished before it gives a partition up",
			Edits: []Edit{{"consumer/rebalance.go",
				"	c.commits.Conclude(context.WithoutCancel(ctx), gone)\n",
				"	c.end(gone)\n"}},
		},
		{
			Name: "reads-aborted",
			What: "delivers what a transaction took back",
			Edits: []Edit{{"consumer/consumer.go",
				"kgo.FetchIsolationLevel(kgo.ReadCommitted()),",
				"kgo.FetchIsolationLevel(kgo.ReadUncommitted()),"}},
		},
		{
			Name: "commits-while-lost",
			What: "commits partitions that the group has taken away",
			Edits: []Edit{{"consumer/assignment/life.go",
				"return p == phaseTaking || p == phaseDraining }",
				"return p != phaseOrphaned }"}, {"consumer/assignment/life.go",
				"!a.underWay() || a.member != member {",
				"!a.underWay() {"}},
		},
		{
			Name: "gap-committed",
			What: "commits to the last settled record and not to the first that is not",
			Edits: []Edit{{"consumer/assignment/commitable.go",
				"	c.Offset.Offset, c.Metadata = b.Committed, b.Metadata(limit)\n",
				"	if n := len(b.Settled); n > 0 {\n		b.Committed, b.Settled = b.Settled[n-1].To, nil\n	}\n	c.Offset.Offset, c.Metadata = b.Committed, b.Metadata(limit)\n"}},
		},
	}
}
