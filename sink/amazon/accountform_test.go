package amazon

import (
	"strings"
	"testing"
)

// TestIDsWithLettersMissing: the error says where the id leaves its form, and shows none of it.
func TestIDsWithLettersMissing(t *testing.T) {
	for id, want := range map[string]string{
		"":                       "it ends within amzn1.ads1.ma1.",
		"amzn1.ads1.ma1":         "it ends within amzn1.ads1.ma1.",
		"amzn1.ads1.ma1.":        "nothing follows amzn1.ads1.ma1.",
		"amzn1.ads.ma1.secret":   "differs from character 10 on",
		"mzn1.ads1.ma1.secret":   "differs from character 1 on",
		"AMZN1.ads1.ma1.secret":  "differs from character 1 on",
		"amzn1.ads1.ma1.secret ": "want the id without blanks",
		"amzn1.ads1.ma1.sécret":  "has other characters than letters, digits, _ and -",
		"7700012345":             "differs from character 1 on",
	} {
		if err := CheckManagerID(id); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "sécret") {
			t.Errorf("%q: %v, want %s", id, err, want)
		}
	}
	for id, want := range map[string]string{
		"amzn1.adm.ds1.evt1.secret": "differs from character 17 on", "amzn1.adm.ds1.evnt1": "nothing follows", "amzn1.adm.ds1.evnt1.se cret": "without blanks",
	} {
		if err := CheckDataSetID(id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", id, err, want)
		}
	}
	if err := CheckManagerID("amzn1.ads1.ma1.1-ab_C"); err != nil {
		t.Error(err)
	}
	if err := CheckDataSetID("amzn1.adm.ds1.evnt1.a-b_c"); err != nil {
		t.Error(err)
	}
}
