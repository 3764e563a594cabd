package house

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"go.uber.org/zap"
)

const (
	watchdogWithin = 10 * time.Second // for one request; a slow answer is none
	watchdogLook   = time.Second      // how soon a changed configuration is followed
)

// feedWatchdog asks for the watchdog's address while this process leads, sees
// and is heard, until ctx ends. Who listens there raises the alarm when nothing
// comes: statusbot cannot report its own absence. Nothing is sent while it is
// blind, and an address that does not answer disturbs nobody.
func (h *house) feedWatchdog(ctx context.Context) {
	log := eachMinute(h.log.Named("watchdog"))
	client := &http.Client{Timeout: watchdogWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t := time.NewTicker(watchdogLook)
	defer t.Stop()
	var fed time.Time
	for {
		w := h.cfg.Load().Watchdog
		if !w.URL.IsZero() && time.Since(fed) >= w.Every {
			fed = time.Now()
			if blind := h.health().Blind; len(blind) > 0 {
				log.Warn("the watchdog is not told that all is well", zap.Strings("blind", blind))
			} else if err := tellWatchdog(ctx, client, w.URL.Reveal()); err != nil && ctx.Err() == nil {
				log.Warn("the watchdog does not take that all is well; look at watchdog.url", zap.Error(err))
			}
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// tellWatchdog asks for the address once. Its errors do not name it: who knows it
// can feign that all is well.
func tellWatchdog(ctx context.Context, client *http.Client, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errors.New("the address cannot be asked for")
	}
	req.Header.Set("User-Agent", "statusbot")
	resp, err := client.Do(req)
	if named, ok := errors.AsType[*url.Error](err); ok {
		return named.Err
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is kept
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("it answers HTTP %d", resp.StatusCode)
	}
	return nil
}
