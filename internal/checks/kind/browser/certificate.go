package browser

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"net/url"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// certificate returns what expressions may ask of the certificate that the page
// came with: nil over plain text, and where none of them asks. The browser keeps it
// by the page's origin.
func (v *visit) certificate(ctx context.Context, doc document) (any, error) {
	if doc.security == nil || !v.probe.claims.Uses(probe.CertificateFact) {
		return nil, nil
	}
	u, err := url.Parse(doc.url)
	if err != nil {
		return nil, err
	}
	got, err := cdp.Call(ctx, v.page.session(), network.GetCertificate, network.GetCertificateParams{Origin: u.Scheme + "://" + u.Host})
	if err != nil || len(got.TableNames) == 0 {
		return nil, err
	}
	der, err := base64.StdEncoding.DecodeString(got.TableNames[0])
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return probe.CertificateFacts(c), nil
}
