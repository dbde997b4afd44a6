package iso

import "github.com/tracklayer/amazon-capi/internal/ascii"

// countries is ISO 3166-1 alpha-2, the 249 codes officially assigned, in order.
const countries = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZ" +
	"CACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFR" +
	"GAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJP" +
	"KEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZ" +
	"NANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURW" +
	"SASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZ" +
	"UAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW"

// currencies is the active list of ISO 4217, in order, without codes that are not money
// (precious metals, bond units, testing, "no currency"). BGN, which Bulgaria abandoned on
// 2026-01-01, stays for as long as purchases made in it may be replayed.
const currencies = "AEDAFNALLAMDAOAARSAUDAWGAZNBAMBBDBDTBGNBHDBIFBMDBNDBOBBOVBRLBSDBTNBWPBYNBZD" +
	"CADCDFCHECHFCHWCLFCLPCNYCOPCOUCRCCUPCVECZKDJFDKKDOPDZDEGPERNETBEURFJDFKP" +
	"GBPGELGHSGIPGMDGNFGTQGYDHKDHNLHTGHUFIDRILSINRIQDIRRISKJMDJODJPY" +
	"KESKGSKHRKMFKPWKRWKWDKYDKZTLAKLBPLKRLRDLSLLYDMADMDLMGAMKDMMKMNTMOPMRUMURMVRMWKMXNMXVMYRMZN" +
	"NADNGNNIONOKNPRNZDOMRPABPENPGKPHPPKRPLNPYGQARRONRSDRUBRWF" +
	"SARSBDSCRSDGSEKSGDSHPSLESOSSRDSSPSTNSVCSYPSZLTHBTJSTMTTNDTOPTRYTTDTWDTZS" +
	"UAHUGXUSDUSNUYIUYUUYWUZSVEDVESVNDVUVWSTXADXAFXCDXCGXDRXOFXPFXSUXUAYERZARZMWZWG"

var (
	countryIndex  = indexCodes(countries, 2)
	currencyIndex = indexCodes(currencies, 3)
)

// Country finds a code of ISO 3166-1 alpha-2 in either case.
func Country(s string) (code string, ok bool) { return countryIndex.find(s) }

// Currency finds a code of ISO 4217 in either case.
func Currency(s string) (code string, ok bool) { return currencyIndex.find(s) }

// codeIndex finds codes in a sorted table by their first two letters, which nearly always
// leave one candidate. A binary search has eight branches that no processor can predict, and
// took 10 % of an event's transform.
type codeIndex struct {
	table string
	width int
	first [26*26 + 1]uint16 // where the codes with two given first letters are in table
}

func indexCodes(table string, width int) *codeIndex {
	x := &codeIndex{table: table, width: width}
	at := 0
	for i := range x.first {
		for at < len(table) && firstTwo(table[at:]) < i {
			at += width
		}
		x.first[i] = uint16(at)
	}
	return x
}

// find finds s in either case and returns the table's own copy: in upper case without
// allocating, and without keeping the event alive.
func (x *codeIndex) find(s string) (code string, ok bool) {
	if len(s) != x.width || !ascii.IsLetter(s[0]) || !ascii.IsLetter(s[1]) {
		return "", false
	}
	i := firstTwo(s)
	for at := int(x.first[i]); at < int(x.first[i+1]); at += x.width {
		code := x.table[at : at+x.width]
		// The two cases of a letter differ only in this bit, and setting it turns no other
		// character into a letter of the table.
		if x.width == 2 || code[2]|0x20 == s[2]|0x20 {
			return code, true
		}
	}
	return "", false
}

// firstTwo returns the first two letters of s, in either case, as a number below 26².
func firstTwo(s string) int { return int(s[0]|0x20-'a')*26 + int(s[1]|0x20-'a') }
