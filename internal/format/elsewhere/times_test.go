package elsewhere

import (
	"testing"
	"time"
)

// TestATimeInBoldIsOneWithTheRest: bold marks that meet ("until** **10:05 UTC****.") are shown as
// asterisks by who reads Markdown.
func TestATimeInBoldIsOneWithTheRest(t *testing.T) {
	var m Message
	m.add("*worse. 4 fail 9.0 %, 4.1 % until <!date^1794996300^{time}|10:05 UTC>. See <https://a.example/|it> and `x`.* Since <!date^1794996300^{time}|10:05 UTC>.", face{zone: time.UTC, bare: true}, false)
	want := "**worse. 4 fail 9.0 %, 4.1 % until 10:05. See [it](https://a.example/) and x.** Since 10:05."
	if got := m.Markdown(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
