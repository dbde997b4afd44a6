package capture

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// answer is one of testdata/consent.json: what a platform says, and what that
// means. The browser tests have the script hear the same ones.
type answer struct {
	Name string          `json:"name"`
	Want string          `json:"want"` // granted, refused, unknown, or none for no say
	GPP  json.RawMessage `json:"gpp"`
	TCF  json.RawMessage `json:"tcf"`
}

func platformAnswers(t *testing.T) []answer {
	t.Helper()
	text, err := os.ReadFile("testdata/consent.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []answer
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&list); err != nil {
		t.Fatal(err)
	}
	if len(list) < 60 {
		t.Fatalf("%d answers; the table is not whole", len(list))
	}
	for i := range list {
		if list[i].GPP != nil {
			list[i].Name = "GPP: " + list[i].Name
		} else {
			list[i].Name = "TCF: " + list[i].Name
		}
	}
	return list
}

func TestPlatformAnswers(t *testing.T) {
	for _, a := range platformAnswers(t) {
		read, said := TCFConsent, a.TCF
		if a.GPP != nil {
			read, said = GPPConsent, a.GPP
		}
		got, applies := read(said)
		word := map[Consent]string{Unknown: "unknown", Granted: "granted", Refused: "refused"}[got]
		if !applies {
			if word != "unknown" {
				t.Errorf("%s: %s by who has no say", a.Name, word)
			}
			word = "none"
		}
		if word != a.Want {
			t.Errorf("%s: %s, want %s", a.Name, word, a.Want)
		}
	}
}

// What is no answer at all is not yet one, and never a grant.
func TestAnswersThatAreNone(t *testing.T) {
	for _, text := range []string{"", "null", "{}", "[]", `"ready"`, "7", "{", `{"signalStatus":"ready","applicableSections":"7"}`, `{"eventStatus":7}`} {
		if c, applies := GPPConsent([]byte(text)); c != Unknown || !applies {
			t.Errorf("GPP %q: %v, %v", text, c, applies)
		}
		if c, applies := TCFConsent([]byte(text)); c != Unknown || !applies {
			t.Errorf("TCF %q: %v, %v", text, c, applies)
		}
	}
}

// Every section of an opt-out law is known by its id, and by no other.
func TestGPPSections(t *testing.T) {
	for i, name := range gppSections {
		for id := -1; id < 40; id++ {
			ping, err := json.Marshal(map[string]any{
				"signalStatus": "ready", "applicableSections": []int{id}, "parsedSections": map[string]any{name: map[string]int{"SaleOptOut": 2}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := GPPConsent(ping); (got == Granted) != (id == firstGPPSection+i) {
				t.Errorf("section %d read as %s: %v", id, name, got)
			}
		}
	}
}
