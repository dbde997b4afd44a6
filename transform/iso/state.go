package iso

import (
	"strings"
	"unicode"
)

// AppendState appends the two-letter code of a state or province, lower-case. A
// name gives its code where the country's are known here; its first two letters
// are no code (West Virginia is wv, and Michigan, Minnesota, Mississippi and
// Missouri all begin alike), and a hash made of them is that of another state.
func AppendState(dst []byte, s, country string) (code []byte, ok bool) {
	// ISO 3166-2 writes the country before it: US-CA.
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
		known = stateOfUS(string(letters))
	case "CA":
		known = provinceOfCanada(string(letters))
	case "":
		if known = stateOfUS(string(letters)); known == "" {
			known = provinceOfCanada(string(letters))
		}
	}
	return append(dst[:start], known...), known != ""
}

// stateOfUS knows the states, the district, the territories and the posts of
// the armed forces, by the letters of their names.
func stateOfUS(letters string) string {
	switch letters {
	case "alabama":
		return "al"
	case "alaska":
		return "ak"
	case "arizona":
		return "az"
	case "arkansas":
		return "ar"
	case "california":
		return "ca"
	case "colorado":
		return "co"
	case "connecticut":
		return "ct"
	case "delaware":
		return "de"
	case "districtofcolumbia", "washingtondc":
		return "dc"
	case "florida":
		return "fl"
	case "georgia":
		return "ga"
	case "hawaii":
		return "hi"
	case "idaho":
		return "id"
	case "illinois":
		return "il"
	case "indiana":
		return "in"
	case "iowa":
		return "ia"
	case "kansas":
		return "ks"
	case "kentucky":
		return "ky"
	case "louisiana":
		return "la"
	case "maine":
		return "me"
	case "maryland":
		return "md"
	case "massachusetts":
		return "ma"
	case "michigan":
		return "mi"
	case "minnesota":
		return "mn"
	case "mississippi":
		return "ms"
	case "missouri":
		return "mo"
	case "montana":
		return "mt"
	case "nebraska":
		return "ne"
	case "nevada":
		return "nv"
	case "newhampshire":
		return "nh"
	case "newjersey":
		return "nj"
	case "newmexico":
		return "nm"
	case "newyork":
		return "ny"
	case "northcarolina":
		return "nc"
	case "northdakota":
		return "nd"
	case "ohio":
		return "oh"
	case "oklahoma":
		return "ok"
	case "oregon":
		return "or"
	case "pennsylvania":
		return "pa"
	case "rhodeisland":
		return "ri"
	case "southcarolina":
		return "sc"
	case "southdakota":
		return "sd"
	case "tennessee":
		return "tn"
	case "texas":
		return "tx"
	case "utah":
		return "ut"
	case "vermont":
		return "vt"
	case "virginia":
		return "va"
	case "washington":
		return "wa"
	case "westvirginia":
		return "wv"
	case "wisconsin":
		return "wi"
	case "wyoming":
		return "wy"
	case "americansamoa":
		return "as"
	case "guam":
		return "gu"
	case "northernmarianaislands":
		return "mp"
	case "puertorico":
		return "pr"
	case "usvirginislands", "virginislands", "unitedstatesvirginislands":
		return "vi"
	case "armedforcesamericas":
		return "aa"
	case "armedforceseurope":
		return "ae"
	case "armedforcespacific":
		return "ap"
	}
	return ""
}

// provinceOfCanada is stateOfUS for Canada. Letters with accents are gone, so
// that Québec is found without its é.
func provinceOfCanada(letters string) string {
	switch letters {
	case "alberta":
		return "ab"
	case "britishcolumbia", "colombiebritannique":
		return "bc"
	case "manitoba":
		return "mb"
	case "newbrunswick", "nouveaubrunswick":
		return "nb"
	case "newfoundlandandlabrador", "newfoundland", "terreneuveetlabrador":
		return "nl"
	case "northwestterritories", "territoiresdunordouest":
		return "nt"
	case "novascotia", "nouvellecosse":
		return "ns"
	case "nunavut":
		return "nu"
	case "ontario":
		return "on"
	case "princeedwardisland", "leduprincedouard":
		return "pe"
	case "quebec", "qubec":
		return "qc"
	case "saskatchewan":
		return "sk"
	case "yukon":
		return "yt"
	}
	return ""
}
