package iso

import (
	"strings"
	"unicode"
)

// AppendState appends the two-letter code of a state or province, in lower case. A name is
// replaced by its code if the country's names are known here. The first two letters of a
// name are not its code (West Virginia is wv; Michigan, Minnesota, Mississippi and Missouri
// begin alike), and would give the hash of another state.
func AppendState(dst []byte, s, country string) (code []byte, ok bool) {
	// ISO 3166-2 puts the country first: US-CA.
	if len(s) > 3 && len(country) == 2 && s[2] == '-' && strings.EqualFold(s[:2], country) {
		s = s[3:]
	}
	start := len(dst)
	for _, r := range s {
		if r = unicode.ToLower(r); r >= 'a' && r <= 'z' {
			dst = append(dst, byte(r))
		}
	}
	letters := dst[start:]
	if len(letters) == 2 {
		return dst, true
	}
	known := ""
	switch country {
	case "US":
		known = statesOfUS[string(letters)]
	case "CA":
		known = provincesOfCanada[string(letters)]
	case "":
		if known = statesOfUS[string(letters)]; known == "" {
			known = provincesOfCanada[string(letters)]
		}
	}
	return append(dst[:start], known...), known != ""
}

// statesOfUS has the states, the district, the territories and the posts of the
// armed forces, by the letters of their names.
var statesOfUS = map[string]string{
	"alabama":            "al",
	"alaska":             "ak",
	"arizona":            "az",
	"arkansas":           "ar",
	"california":         "ca",
	"colorado":           "co",
	"connecticut":        "ct",
	"delaware":           "de",
	"districtofcolumbia": "dc", "washingtondc": "dc",
	"florida":                "fl",
	"georgia":                "ga",
	"hawaii":                 "hi",
	"idaho":                  "id",
	"illinois":               "il",
	"indiana":                "in",
	"iowa":                   "ia",
	"kansas":                 "ks",
	"kentucky":               "ky",
	"louisiana":              "la",
	"maine":                  "me",
	"maryland":               "md",
	"massachusetts":          "ma",
	"michigan":               "mi",
	"minnesota":              "mn",
	"mississippi":            "ms",
	"missouri":               "mo",
	"montana":                "mt",
	"nebraska":               "ne",
	"nevada":                 "nv",
	"newhampshire":           "nh",
	"newjersey":              "nj",
	"newmexico":              "nm",
	"newyork":                "ny",
	"northcarolina":          "nc",
	"northdakota":            "nd",
	"ohio":                   "oh",
	"oklahoma":               "ok",
	"oregon":                 "or",
	"pennsylvania":           "pa",
	"rhodeisland":            "ri",
	"southcarolina":          "sc",
	"southdakota":            "sd",
	"tennessee":              "tn",
	"texas":                  "tx",
	"utah":                   "ut",
	"vermont":                "vt",
	"virginia":               "va",
	"washington":             "wa",
	"westvirginia":           "wv",
	"wisconsin":              "wi",
	"wyoming":                "wy",
	"americansamoa":          "as",
	"guam":                   "gu",
	"northernmarianaislands": "mp",
	"puertorico":             "pr",
	"usvirginislands":        "vi", "virginislands": "vi", "unitedstatesvirginislands": "vi",
	"armedforcesamericas": "aa",
	"armedforceseurope":   "ae",
	"armedforcespacific":  "ap",
}

// provincesOfCanada is statesOfUS for Canada. Letters with accents are missing from
// the names, so that Québec is also found without its é.
var provincesOfCanada = map[string]string{
	"alberta":         "ab",
	"britishcolumbia": "bc", "colombiebritannique": "bc",
	"manitoba":     "mb",
	"newbrunswick": "nb", "nouveaubrunswick": "nb",
	"newfoundlandandlabrador": "nl", "newfoundland": "nl", "terreneuveetlabrador": "nl",
	"northwestterritories": "nt", "territoiresdunordouest": "nt",
	"novascotia": "ns", "nouvellecosse": "ns",
	"nunavut":            "nu",
	"ontario":            "on",
	"princeedwardisland": "pe", "leduprincedouard": "pe",
	"quebec": "qc", "qubec": "qc",
	"saskatchewan": "sk",
	"yukon":        "yt",
}
