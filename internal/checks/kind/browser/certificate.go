package browser

import (
	"slices"
	"time"

	"github.com/chromedp/cdproto/network"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// certificateOf returns what expressions may ask of the certificate that a page
// came with, as probe.Trail.Certificate has it; nil over plain text. The browser
// tells the common names of who it is for and of its issuer, no serial number,
// and not whether it signed itself.
func certificateOf(s *network.SecurityDetails) any {
	if s == nil {
		return nil
	}
	from, until := instant(float64(s.ValidFrom)), instant(float64(s.ValidTo))
	return map[string]any{
		"days_left": probe.DaysLeft(until), "subject": s.SubjectName, "issuer": s.Issuer, "names": slices.Clone(s.SanList),
		"not_before": from, "not_after": until,
	}
}

// instant is a time that the browser counts in seconds since 1970.
func instant(seconds float64) time.Time { return time.Unix(int64(seconds), 0).UTC() }
