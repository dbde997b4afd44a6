package history

import (
	"fmt"
	"strconv"
	"strings"
)

// ParsePlace parses the position of a record in a topic, such as "3/18200".
func ParsePlace(s string) (partition int32, offset int64, err error) {
	p, o, ok := strings.Cut(s, "/")
	n, errP := strconv.ParseInt(p, 10, 32)
	offset, errO := strconv.ParseInt(o, 10, 64)
	if !ok || errP != nil || errO != nil || n < 0 || offset < 0 {
		return 0, 0, fmt.Errorf("%q is not a place in a topic: want partition/offset, such as 3/18200", s)
	}
	return int32(n), offset, nil
}
