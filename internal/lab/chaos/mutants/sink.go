package mutants

// ofSink are mistakes in what is sent, what an answer says, and what is written of it. It is
// long because it is a list.
func ofSink() []Mutant {
	return []Mutant{
		{
			Name: "receipt-skipped",
			What: "writes no receipt for a single event",
			Edits: []Edit{{"sink/receipt/writer.go",
				"	now := w.opts.Now()\n	w.mu.Lock()\n	defer w.mu.Unlock()\n	if w.closed {\n		return\n	}\n	taken := false\n",
				"	now := w.opts.Now()\n	if len(vs) == 1 {\n		w.opts.Settle(vs)\n		return\n	}\n	w.mu.Lock()\n	defer w.mu.Unlock()\n	if w.closed {\n		return\n	}\n	taken := false\n"}},
		},
		{
			Name: "receipt-not-awaited",
			What: "counts a receipt as written before the brokers have it",
			Edits: []Edit{{"sink/receipt/writer.go",
				"		w.opts.Producer.TryProduce(w.ctx, rec, func(_ *kgo.Record, err error) {\n",
				"		w.opts.Settle(r.verdicts)\n		w.opts.Producer.TryProduce(w.ctx, rec, func(_ *kgo.Record, err error) {\n"}},
		},
		{
			Name: "receipt-of-another",
			What: "writes accepted in the receipt of what was refused",
			Edits: []Edit{{"sink/receipt/receipt.go",
				"			Class: v.Class, Status: v.Status, Code: codeOf(v),\n",
				"			Class: verdict.Accepted, Status: v.Status, Code: codeOf(v),\n"}},
		},
		{
			Name: "letter-of-the-neighbour",
			What: "names the next record in a dead letter",
			Edits: []Edit{{"sink/deadletter/writer.go",
				"	for i, l := range round {\n		records[i] = l.build(",
				"	for i, l := range round {\n		if i > 0 {\n			l.Value = round[i-1].Value\n		}\n		records[i] = l.build("}},
		},
		{
			Name: "half-of-a-split-lost",
			What: "forgets the second half of a batch that it splits",
			Edits: []Edit{{"sink/batch/batch.go",
				"	return b.part(b.Events[:n:n]), b.part(b.Events[n:])\n",
				"	return b.part(b.Events[:n:n]), b.part(b.Events[len(b.Events)-1:])\n"}},
		},
		{
			Name: "retry-with-other-bytes",
			What: "changes an event when it is sent again",
			Edits: []Edit{
				{"sink/deliver.go", "import (\n	\"time\"\n", "import (\n	\"bytes\"\n	\"time\"\n"},
				{"sink/deliver.go",
					"	sc.items = append(sc.items[:0], make([]amazon.Item, len(b.Events))...)\n",
					"	for i := range sc.body {\n		if b.Attempts > 0 {\n			sc.body[i] = bytes.ReplaceAll(sc.body[i], []byte(`\"WEBSITE\"`), []byte(`\"OFFLINE\"`))\n		}\n	}\n	sc.items = append(sc.items[:0], make([]amazon.Item, len(b.Events))...)\n"},
			},
		},
		{
			Name: "token-of-another-account",
			What: "sends for every profile with the token of the first account",
			Edits: []Edit{{"internal/accounts/set.go",
				"			r, err := s.routesOf(a, &a.Profiles[j], source)\n",
				"			r, err := s.routesOf(a, &a.Profiles[j], next[list.Accounts[0].Name])\n"}},
		},
		{
			Name: "index-off-by-one",
			What: "reads the items of a 207 as if they began at another index",
			Edits: []Edit{{"sink/amazon/answer.go",
				"		i := ix.n - a.indexBase\n",
				"		i := ix.n - a.indexBase + 1\n"}},
		},
		{
			Name: "unsaid-taken",
			What: "takes an event for accepted that a 207 does not mention",
			Edits: []Edit{{"sink/react.go",
				"		switch it.Outcome {\n		case amazon.Taken:\n",
				"		switch it.Outcome {\n		case amazon.Taken, amazon.Unsaid:\n"}, {"sink/react.go",
				"		case amazon.Unsaid:\n			l.sink.metrics.unsaid.Inc()\n",
				""}},
		},
		{
			Name: "refusal-of-all",
			What: "takes the refusal of a request for that of each of its events",
			Edits: []Edit{{"sink/react.go",
				"	several := len(b.Events) > 1\n",
				"	several := false\n"}},
		},
		{
			Name: "given-up",
			What: "makes dead letters of what Amazon fails for a while",
			Edits: []Edit{{"sink/exhausted.go",
				"	return l.sink.opts.OnExhausted == DeadLetterExhausted && l.spent(b)\n",
				"	return l.spent(b)\n"}},
		},
		{
			Name: "refused-taken",
			What: "counts what Amazon refused as delivered",
			Edits: []Edit{{"sink/react.go",
				"		case amazon.Refused:\n			ids := l.identifiers(b, *e)\n			s.letters = l.condemn(s.letters, b, &s.failed, e, it.Said.Reason(verdict.Rejected, res.Status, ids))\n			s.refused = append(s.refused, *e)\n			continue\n",
				"		case amazon.Refused:\n			s.verdicts = l.accept(s.verdicts, b, e)\n			continue\n"}},
		},
		{
			Name: "consent-ignored",
			What: "sends the events of people who said no",
			Edits: []Edit{{"transform/consent.go",
				"	if t.consent == ConsentFilter {\n",
				"	if false {\n"}},
		},
		{
			Name: "no-schema-by-a-proxy",
			What: "takes any 404 for the registry's word that there is no such schema",
			Edits: []Edit{{"schemas/registry/errors.go",
				"	case status == http.StatusNotFound && (sr.IsNotFoundError(answer.ErrorCode) ||",
				"	case status == http.StatusNotFound && (true || sr.IsNotFoundError(answer.ErrorCode) ||"}},
		},
		{
			Name: "wrong-class",
			What: "calls what our rules refuse undecodable",
			Edits: []Edit{{"sink/deadletter/draft.go",
				"	out := &kgo.Record{Topic: topic, Key: l.Key, Value: l.Value, Timestamp: time.UnixMilli(l.Timestamp)}\n",
				"	if l.Reason.Class == verdict.Validation {\n		l.Reason.Class = verdict.Decode\n	}\n	out := &kgo.Record{Topic: topic, Key: l.Key, Value: l.Value, Timestamp: time.UnixMilli(l.Timestamp)}\n"}},
		},
		{
			Name: "failure-stays",
			What: "says that receipts cannot be written long after they can",
			Edits: []Edit{{"sink/receipt/writer.go",
				"		w.pending, w.running = nil, false\n		w.well()",
				"		w.pending, w.running = nil, false\n		"}},
		},
	}
}
