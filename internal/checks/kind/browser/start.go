package browser

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// names are the programs that are looked for, in this order.
var names = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome-headless-shell", "microsoft-edge",
	"/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}

// Find returns the browser's program: what path names, or the first that is in PATH
// where path is empty. The error says what to do.
func Find(path string) (string, error) {
	if path != "" {
		found, err := exec.LookPath(path)
		switch {
		case errors.Is(err, fs.ErrPermission):
			return "", fmt.Errorf("the browser %s may not be executed", path)
		case err != nil:
			return "", fmt.Errorf("there is no browser %s; write where it is as path, or leave path out to look for one", path)
		}
		return found, nil
	}
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	return "", errors.New("no browser is installed on this machine; install chromium (Debian's package chromium), or write where one is as path")
}

const (
	// profileName begins the names of profiles, which are folders in TMPDIR.
	profileName = "statusbot-browser-"
	profileDir  = "profile" // in it
	// profileAge is when a profile is certainly nobody's any more: no probe
	// lasts as long. One is left behind by a process that was killed.
	profileAge = 25 * time.Hour
	// endWithin bounds the removal of a profile: killed processes may still
	// write to it for a moment.
	endWithin = 3 * time.Second
)

// process is a browser that one probe started.
type process struct {
	gate *gate
	page *pageView
	ctx  context.Context // for what is done with the page; ends with the probe's
	tab  context.Context // for what is done after a time-out; ends with the browser

	home string // its profile, and all that it writes
	end  func()
}

// sweep removes old profiles once in a process's life.
var sweep = sync.OnceFunc(sweepProfiles)

func sweepProfiles() {
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), profileName+"*")) // the pattern is right
	for _, dir := range old {
		if info, err := os.Lstat(dir); err == nil && info.IsDir() && time.Since(info.ModTime()) > profileAge {
			_ = os.RemoveAll(dir)
		}
	}
}

// startBrowser starts a browser with a fresh profile, in a process group of
// its own, whose only way out is a gate. The probe's context bounds the start;
// after its time-out the browser stays until end, which kills the whole group.
func startBrowser(ctx context.Context, p *prober, program string) (*process, error) {
	sweep()
	home, err := os.MkdirTemp("", profileName)
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	// The browser and its network survive the time-out: the picture is to show
	// what was seen, and not what a page makes of a cut connection.
	alive, kill := context.WithCancel(context.WithoutCancel(ctx))
	var gate *gate
	if err = writeProfile(home); err == nil {
		gate, err = openGate(alive, p.dialer)
	}
	if err != nil {
		kill()
		_ = os.RemoveAll(home)
		return nil, fmt.Errorf("make a temporary folder and a proxy: %w", err)
	}
	allocated, freeAllocator := chromedp.NewExecAllocator(alive, options(p, program, home, gate.address())...)
	b := &process{gate: gate, page: newPage(), home: home}
	quiet := func(string, ...any) {}
	var freeTab context.CancelFunc
	b.tab, freeTab = chromedp.NewContext(allocated,
		chromedp.WithBrowserOption(chromedp.WithBrowserLogf(quiet), chromedp.WithBrowserErrorf(quiet)),
		chromedp.WithListener(func(event any) { b.page.listen(b.tab, event) }))
	b.ctx, b.page.crash = context.WithCancelCause(b.tab)
	unfollow := context.AfterFunc(ctx, func() { b.page.crash(context.Cause(ctx)) })
	b.end = sync.OnceFunc(func() {
		kill()
		unfollow()
		b.page.crash(nil)
		freeTab()
		freeAllocator()
		b.page.detach()
		gate.close()
		b.remove()
	})

	started := context.AfterFunc(ctx, kill)
	err = b.prepare(p.viewport)
	if !started() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		b.end()
		return nil, err
	}
	return b, nil
}

// profilePreferences are what no flag says: passwords that are typed are not
// looked up anywhere, and nobody signs in to the browser.
const profilePreferences = `{"profile":{"password_manager_leak_detection":false},"credentials_enable_service":false,
"safebrowsing":{"enabled":false},"signin":{"allowed":false,"allowed_on_next_startup":false},
"webrtc":{"ip_handling_policy":"disable_non_proxied_udp"}}`

// writeProfile lays out a fresh profile.
func writeProfile(home string) error {
	dir := filepath.Join(home, profileDir, "Default")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "Preferences"), []byte(profilePreferences), 0o600)
}

// prepare starts the browser and tells it how to behave.
func (b *process) prepare(view Viewport) error {
	err := chromedp.Do(b.tab, func(_ context.Context, t *chromedp.Target) (chromedp.Void, error) {
		b.page.attach(t)
		return chromedp.Void{}, nil
	})
	if err != nil {
		return err
	}
	if err := chromedp.ListenBrowser(b.tab, b.page.listenBrowser); err != nil {
		return err
	}
	// A window is never as small as a phone.
	if _, err := chromedp.Call(b.tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: int64(view.Width), Height: int64(view.Height), DeviceScaleFactor: 1,
	}); err != nil {
		return err
	}
	_, err = chromedp.CallBrowser(b.tab, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorDeny})
	return err
}

// remove takes the profile away.
func (b *process) remove() {
	for deadline := time.Now().Add(endWithin); os.RemoveAll(b.home) != nil && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
}

func options(p *prober, program, home, gate string) []chromedp.ExecAllocatorOption {
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program),
		chromedp.UserDataDir(filepath.Join(home, profileDir)),
		chromedp.WindowSize(p.viewport.Width, p.viewport.Height),
		chromedp.NoInheritEnv,
		chromedp.Env(env(home)...),
		chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) {
			probe.OwnGroup(cmd)
			endWithParent(cmd)
			// Called before the leader is waited for, so its number is still
			// the group's.
			cmd.Cancel = func() error { return probe.KillGroup(cmd.Process.Pid) }
			cmd.Dir = home
		}),
	}
	for _, name := range []string{
		"headless", "hide-scrollbars", "mute-audio", "disable-gpu",
		"disable-dev-shm-usage", // a container's /dev/shm may be too small
		// Nothing that asks somebody on its own.
		"no-first-run", "no-default-browser-check", "disable-background-networking", "disable-component-update", "disable-sync",
		"disable-default-apps", "disable-extensions", "disable-component-extensions-with-background-pages", "disable-field-trial-config", "disable-domain-reliability", "disable-client-side-phishing-detection",
		"disable-breakpad", "disable-crash-reporter", "metrics-recording-only", "no-pings", "disable-quic",
		// A page that nobody looks at is not to be slowed down.
		"disable-background-timer-throttling", "disable-backgrounding-occluded-windows", "disable-renderer-backgrounding",
	} {
		options = append(options, chromedp.Flag(name, true))
	}
	for _, flag := range [][2]string{
		{"proxy-server", gate},
		// Without this, loopback and link-local addresses go past the proxy.
		{"proxy-bypass-list", "<-loopback>"},
		// What would go past it all the same finds no name, and WebRTC no UDP.
		{"host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"},
		{"webrtc-ip-handling-policy", "disable_non_proxied_udp"},
		{"force-webrtc-ip-handling-policy", "disable_non_proxied_udp"}, // its name of old
		{"disable-features", "Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,AutofillServerCommunication," +
			"CertificateTransparencyComponentUpdater,NetworkTimeServiceQuerying,HttpsUpgrades"},
		// What it asks on its own all the same, it asks the gate, which does not
		// know: whether somebody is signed in to it, and what there is to update.
		{"gaia-url", gate},
		{"google-apis-url", gate},
		{"apps-gallery-update-url", gate},
		{"component-updater", "url-source=" + gate + "/"},
		{"password-store", "basic"},
		{"disk-cache-size", "33554432"}, // 32 MiB: it is gone in a moment
	} {
		options = append(options, chromedp.Flag(flag[0], flag[1]))
	}
	if p.insecure {
		options = append(options, chromedp.Flag("ignore-certificate-errors", true))
	}
	// The sandbox cannot be made by root, and is not given up by anybody else.
	return append(options, chromedp.Flag("no-sandbox", os.Geteuid() == 0))
}

// env is the environment of a browser: what programs need to run at
// all, and folders that go with the profile.
func env(home string) []string {
	env := []string{
		"HOME=" + home, "TMPDIR=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, "config"),
		"XDG_CACHE_HOME=" + filepath.Join(home, "cache"), "XDG_RUNTIME_DIR=" + home,
	}
	for _, name := range probe.Inherited {
		if value, ok := os.LookupEnv(name); ok && name != "HOME" {
			env = append(env, name+"="+value)
		}
	}
	return env
}
