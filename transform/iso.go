package transform

// countries is ISO 3166-1 alpha-2, the 249 codes officially assigned, in order.
const countries = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZ" +
	"CACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFR" +
	"GAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJP" +
	"KEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZ" +
	"NANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURW" +
	"SASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZ" +
	"UAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW"

// currencies is the active list of ISO 4217, in order, without the codes that
// name no money (precious metals, bond units, testing, "no currency"). BGN, which
// Bulgaria gave up on 2026-01-01, is in it for as long as purchases made in it
// can be replayed.
const currencies = "AEDAFNALLAMDAOAARSAUDAWGAZNBAMBBDBDTBGNBHDBIFBMDBNDBOBBOVBRLBSDBTNBWPBYNBZD" +
	"CADCDFCHECHFCHWCLFCLPCNYCOPCOUCRCCUPCVECZKDJFDKKDOPDZDEGPERNETBEURFJDFKP" +
	"GBPGELGHSGIPGMDGNFGTQGYDHKDHNLHTGHUFIDRILSINRIQDIRRISKJMDJODJPY" +
	"KESKGSKHRKMFKPWKRWKWDKYDKZTLAKLBPLKRLRDLSLLYDMADMDLMGAMKDMMKMNTMOPMRUMURMVRMWKMXNMXVMYRMZN" +
	"NADNGNNIONOKNPRNZDOMRPABPENPGKPHPPKRPLNPYGQARRONRSDRUBRWF" +
	"SARSBDSCRSDGSEKSGDSHPSLESOSSRDSSPSTNSVCSYPSZLTHBTJSTMTTNDTOPTRYTTDTWDTZS" +
	"UAHUGXUSDUSNUYIUYUUYWUZSVEDVESVNDVUVWSTXADXAFXCDXCGXDRXOFXPFXSUXUAYERZARZMWZWG"

func country(s string) (code string, ok bool)  { return pick(countries, 2, s) }
func currency(s string) (code string, ok bool) { return pick(currencies, 3, s) }

// pick finds s, in either case, in a sorted table of codes of one width, and
// returns the table's own copy: upper-cased without allocating, and nothing of
// the event is kept alive by it. Codes are compared as numbers: eight comparisons
// of texts cost as much as a hash.
func pick(table string, width int, s string) (code string, ok bool) {
	if len(s) != width {
		return "", false
	}
	want := number(s, width)
	lo, hi := 0, len(table)
	for lo < hi {
		mid := (lo + hi) / 2 / width * width
		switch n := number(table[mid:], width); {
		case n == want:
			return table[mid : mid+width], true
		case n < want:
			lo = mid + width
		default:
			hi = mid
		}
	}
	return "", false
}

// number is the first bytes of s as a number, letters in upper case. Anything
// but a letter stays what it is: an "!" must not become an A.
func number(s string, width int) (n uint32) {
	for i := range width {
		c := s[i]
		if c-'a' < 26 {
			c -= 'a' - 'A'
		}
		n = n<<8 | uint32(c)
	}
	return n
}
