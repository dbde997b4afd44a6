package eventsmanager

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// number is what the numbers of a row say.
type number struct {
	count              int64
	excluded, rounding float64
}

// Whether a point or a comma precedes decimals depends on the language of the person who
// saved the file. All numbers of a file were written by one program, so each of the two is tried on
// all of them: 1.234 can only be a count if the point is between thousands, and 12,5 %
// only a share if the comma is before decimals. If both can be, and do not come to the
// same, the file is refused.

// readNumbers reads the counts and shares of all rows.
func readNumbers(rows []row, header string) ([]number, error) {
	byPoint, wrongPoint := numbersBy('.', rows, header)
	byComma, wrongComma := numbersBy(',', rows, header)
	switch {
	case wrongPoint == nil && wrongComma == nil:
		for i := range rows {
			if byPoint[i].count != byComma[i].count {
				return nil, fmt.Errorf("line %d: count %s is %d or %d, and no other number of the file says which: want digits alone",
					rows[i].line, quote(rows[i].cells[colCount]), byPoint[i].count, byComma[i].count)
			}
			if byPoint[i].excluded != byComma[i].excluded {
				return nil, fmt.Errorf("line %d: excluded share %s is %g or %g, and no other number of the file says which: want one such as 12.5 %%",
					rows[i].line, quote(rows[i].cells[colExcluded]), byPoint[i].excluded, byComma[i].excluded)
			}
		}
		return byPoint, nil
	case wrongPoint == nil:
		return byPoint, nil
	case wrongComma == nil:
		return byComma, nil
	}
	for i := range rows { // is there one that is a number in no language?
		one := rows[i : i+1]
		_, wrong := numbersBy('.', one, header)
		if _, too := numbersBy(',', one, header); wrong != nil && too != nil {
			return nil, fmt.Errorf("line %d: %s", wrong.line, wrong.text)
		}
	}
	if wrongPoint.line == wrongComma.line {
		return nil, fmt.Errorf("line %d: %s", wrongPoint.line, wrongPoint.text) // how shares are written, not which digits
	}
	return nil, fmt.Errorf("its numbers are of several languages: by line %d decimals do not begin with a point, by line %d not with a comma; want all numbers of one, best digits alone",
		wrongPoint.line, wrongComma.line)
}

// fault is what is wrong with a line, if decimals begin with one character.
type fault struct {
	line int
	text string
}

func numbersBy(decimal rune, rows []row, header string) ([]number, *fault) {
	all := make([]number, len(rows))
	shares, wrong := sharesBy(decimal, rows, header)
	if wrong != nil {
		return nil, wrong
	}
	for i := range rows {
		cell := rows[i].cells[colCount]
		digits, fraction, ok := splitNumber(cell, decimal)
		n, err := strconv.ParseInt(digits, 10, 64)
		if !ok || err != nil || strings.Trim(fraction, "0") != "" || n > math.MaxInt64/4 {
			return nil, &fault{rows[i].line, fmt.Sprintf("count %s is not a number of events: want a whole one, such as 1234", quote(cell))}
		}
		all[i] = number{n, shares[i].excluded, shares[i].rounding}
	}
	return all, nil
}

// sharesBy reads the shares. Without a percent sign, in the cell or the header, they are
// percents if one is above 1.
func sharesBy(decimal rune, rows []row, header string) ([]number, *fault) {
	all := make([]number, len(rows))
	percent := strings.Contains(header, "%") || strings.Contains(plain(header), "percent")
	most := 0.0
	var bare, signed int // lines
	for i := range rows {
		all[i].excluded = -1
		cell := rows[i].cells[colExcluded]
		if none(cell) {
			continue
		}
		text, sign := cutPercent(cell)
		digits, fraction, ok := splitNumber(text, decimal)
		v, err := strconv.ParseFloat(digits+"."+fraction+"0", 64)
		if !ok || err != nil || v > 100 {
			return nil, &fault{rows[i].line, fmt.Sprintf("excluded share %s is none: want one such as 12.5 %%", quote(cell))}
		}
		if sign {
			signed = rows[i].line
		} else {
			bare = rows[i].line
		}
		most = max(most, v)
		all[i].excluded, all[i].rounding = v, math.Pow10(-len(fraction))/2
	}
	if bare > 0 && signed > 0 && !percent {
		return nil, &fault{bare, fmt.Sprintf("its excluded share has no percent sign, and that of line %d has one: want all with, or none", signed)}
	}
	if percent || signed > 0 || most > 1 {
		for i := range all {
			if all[i].excluded >= 0 {
				all[i].excluded, all[i].rounding = all[i].excluded/100, all[i].rounding/100
			}
		}
	}
	return all, nil
}

// none reports whether a cell says that there is no value.
func none(cell string) bool {
	switch strings.ToLower(cell) {
	case "", "-", "–", "—", "n/a", "na", "null":
		return true
	}
	return false
}

func cutPercent(cell string) (text string, sign bool) {
	text, sign = strings.CutSuffix(cell, "%")
	if !sign {
		text, sign = strings.CutPrefix(cell, "%") // as Turkish has it
	}
	return strings.TrimSpace(strings.Trim(text, "\u00a0\u202f")), sign
}

// splitNumber takes a number apart. Thousands may be marked by the other of point and
// comma, by any space or by an apostrophe, but by one of them throughout.
func splitNumber(text string, decimal rune) (digits, fraction string, ok bool) {
	whole, fraction, hasFraction := strings.Cut(text, string(decimal))
	if hasFraction && !isDigits(fraction) {
		return "", "", false
	}
	var mark rune
	groups := []string{""}
	for _, r := range whole {
		switch r {
		case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			groups[len(groups)-1] += string(r)
			continue
		case ',', '.', ' ', '\u00a0', '\u202f', '\u2009', '\'', '’':
		default:
			return "", "", false
		}
		if mark != 0 && r != mark || len(groups) > 8 {
			return "", "", false
		}
		mark = r
		groups = append(groups, "")
	}
	if !grouped(groups, mark) {
		return "", "", false
	}
	return strings.Join(groups, ""), fraction, true
}

// grouped reports whether groups of digits are as thousands are marked: three digits each
// but for the first, or two but for the last, as in India.
func grouped(groups []string, mark rune) bool {
	last := len(groups) - 1
	if last == 0 {
		return groups[0] != "" && len(groups[0]) <= 18
	}
	if groups[0] == "" || groups[0][0] == '0' || len(groups[0]) > 3 || len(groups[last]) != 3 {
		return false
	}
	inner := groups[1:last]
	three, two := true, len(groups[0]) <= 2 && mark == ','
	for _, g := range inner {
		three, two = three && len(g) == 3, two && len(g) == 2
	}
	return three || two
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// clearDays are the formats that can mean one day only. The other formats may swap day and
// month; only the file's other dates show which is meant.
var (
	clearDays = []string{
		time.DateOnly, "20060102", "2006/1/2", "2006.1.2", "2.1.2006", "2 Jan 2006", "2 January 2006", "Jan 2, 2006", "January 2, 2006", "Jan 2 2006", "2-Jan-2006", "02-Jan-06",
		"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.999Z07:00", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04:05 UTC",
	}
	dayFirst   = []string{"2/1/2006", "2-1-2006"}
	monthFirst = []string{"1/2/2006", "1-2-2006"}
)

// readDays reads the days of all rows.
func readDays(rows []row) ([]time.Time, error) {
	byDay, wrongDay := daysBy(append(dayFirst, clearDays...), rows)
	byMonth, wrongMonth := daysBy(append(monthFirst, clearDays...), rows)
	switch {
	case wrongDay == nil && wrongMonth == nil:
		for i := range rows {
			if !byDay[i].Equal(byMonth[i]) {
				return nil, fmt.Errorf("line %d: day %s is %s or %s, and no other day of the file says which: want the form 2025-11-24",
					rows[i].line, quote(rows[i].cells[colDay]), byDay[i].Format("2 January"), byMonth[i].Format("2 January"))
			}
		}
		return byDay, nil
	case wrongDay == nil:
		return byDay, nil
	case wrongMonth == nil:
		return byMonth, nil
	}
	wrong := wrongDay
	if wrongMonth.line > wrong.line {
		wrong = wrongMonth
	}
	return nil, fmt.Errorf("line %d: %s", wrong.line, wrong.text)
}

func daysBy(forms []string, rows []row) ([]time.Time, *fault) {
	days := make([]time.Time, len(rows))
	for i := range rows {
		cell := rows[i].cells[colDay]
		day, ok := parseDay(cell, forms)
		if !ok {
			return nil, &fault{rows[i].line, fmt.Sprintf("day %s is none: want one such as 2025-11-24, without a time", quote(cell))}
		}
		days[i] = day
	}
	return days, nil
}

// parseDay reads a day. Of one with a time only midnight in UTC names a day.
func parseDay(cell string, forms []string) (time.Time, bool) {
	for _, form := range forms {
		t, err := time.Parse(form, cell)
		if err != nil {
			continue
		}
		_, offset := t.Zone()
		return t.UTC(), offset == 0 && t.Equal(t.Truncate(24*time.Hour)) && t.Year() >= 2000 && t.Year() < 2100
	}
	return time.Time{}, false
}
