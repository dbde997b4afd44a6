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
// the event is kept alive by it. A binary search in a constant needs no set to
// be built at start, and its eight comparisons are lost beside one hash.
func pick(table string, width int, s string) (code string, ok bool) {
	if len(s) != width {
		return "", false
	}
	var buf [3]byte
	for i := range width {
		c := s[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		buf[i] = c
	}
	lo, hi := 0, len(table)/width
	for lo < hi {
		mid := (lo + hi) / 2
		switch code := table[mid*width : (mid+1)*width]; {
		case code == string(buf[:width]):
			return code, true
		case code < string(buf[:width]):
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return "", false
}
