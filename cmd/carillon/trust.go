package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"text/template"
	"time"

	"github.com/smallstep/truststore"
	"github.com/spf13/cobra"

	"carillon/server"
)

// trustFlags are the flags of `carillon tls trust`.
type trustFlags struct {
	config                       string
	install, uninstall, noSystem bool
}

func (p process) trust() *cobra.Command {
	var f trustFlags
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Make browsers and tools trust the local certificate authority, or say how",
		Long: `Print what each platform, browser and language needs to trust the certificate authority of a data
folder, which is made when there is none; no server need run.

--install does it for the system and for the browsers that keep certificates of their own, Chromium and
Firefox; it may ask for a password. --uninstall undoes it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.runTrust(cmd, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "YAML file with the server's settings")
	flags.BoolVar(&f.install, "install", false, "make the system and the browsers trust the authority")
	flags.BoolVar(&f.uninstall, "uninstall", false, "undo --install")
	flags.BoolVar(&f.noSystem, "no-system", false, "with --install or --uninstall: only the browsers, which needs no privileges")
	cmd.MarkFlagsMutuallyExclusive("install", "uninstall")
	addSettings(flags, devDefaults(), "data", "tls.addr")
	return cmd
}

func (p process) runTrust(cmd *cobra.Command, f trustFlags) error {
	if f.noSystem && !f.install && !f.uninstall {
		return errors.New("--no-system says what --install or --uninstall leaves alone: give one of them")
	}
	config, err := p.load(cmd, f.config, devDefaults())
	if err != nil {
		return err
	}
	authority, err := config.LocalAuthority()
	if err != nil {
		return err
	}
	if f.install || f.uninstall {
		return p.changeTrust(authority.File(), f)
	}
	certificate := authority.Certificate()
	return trustTemplate.Execute(p.stdout, trustHelp{
		CA: authority.File(), Data: config.Data, Name: certificate.Subject.CommonName, Fingerprint: fmt.Sprintf("%X", sha256.Sum256(certificate.Raw)),
		Ends: certificate.NotAfter.Format(time.DateOnly), For: strings.Join(authority.VouchesFor(), ", "), Port: port(config),
	})
}

// port is where the server speaks TLS.
func port(config server.Config) string {
	if _, port, err := net.SplitHostPort(config.TLSAddr); err == nil {
		return port
	}
	return "8443"
}

// changeTrust makes the browsers and the system trust the authority of a file, or no longer. It goes as
// far as it can and tells what came of each.
func (p process) changeTrust(file string, f trustFlags) error {
	change, done := truststore.InstallFile, "trusts"
	if f.uninstall {
		change, done = truststore.UninstallFile, "no longer trusts"
	}
	var faults []error
	tell := func(who string, err error) {
		if err != nil {
			var command *truststore.CmdError
			if errors.As(err, &command) && len(command.Out()) > 0 {
				err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(command.Out())))
			}
			faults = append(faults, fmt.Errorf("%s: %w", who, err))
			return
		}
		fmt.Fprintf(p.stdout, "%s %s %s\n", who, done, file)
	}
	found := p.changeBrowsers(func(who string, o ...truststore.Option) {
		tell(who, change(file, append(o, truststore.WithNoSystem())...))
	}, tell)
	if !found && runtime.GOOS == "linux" {
		fmt.Fprintln(p.stderr, "carillon: no browser keeps certificates here: Chromium and Firefox begin to when they are started for the first time")
	}
	if !f.noSystem {
		tell("the system", change(file))
	} else if !found {
		faults = append(faults, errors.New("there was nothing to change"))
	}
	return errors.Join(faults...)
}

// changeBrowsers calls change for each kind of browser with databases of certificates (NSS), and reports
// whether there are any.
func (p process) changeBrowsers(change func(who string, o ...truststore.Option), tell func(who string, err error)) (found bool) {
	for _, place := range p.databases() {
		matches, _ := filepath.Glob(filepath.Join(place.pattern, "cert9.db")) // the patterns are well-formed
		if len(matches) == 0 {
			continue
		}
		found = true
		nss, err := truststore.NewNSSTrust()
		if err != nil {
			tell(place.who, fmt.Errorf("changing its certificates needs certutil: install %s", certutilPackage()))
			continue
		}
		truststore.NSSProfile = place.pattern
		change(place.who, truststore.WithTrust(nss))
	}
	return found
}

// certutilPackage is what has the program certutil of NSS; that of Windows is another.
func certutilPackage() string {
	if runtime.GOOS == "darwin" {
		return "nss (brew install nss)"
	}
	return "libnss3-tools (Debian, Ubuntu) or nss-tools (Fedora)"
}

// database is where browsers keep certificates.
type database struct{ who, pattern string }

// databases are the places that are known. The library knows two of them.
func (p process) databases() []database {
	home := p.env("HOME")
	if home == "" {
		return nil
	}
	if runtime.GOOS == "darwin" {
		return []database{{"Firefox", filepath.Join(home, "Library/Application Support/Firefox/Profiles/*")}}
	}
	data, config := first(p.env("XDG_DATA_HOME"), filepath.Join(home, ".local/share")), first(p.env("XDG_CONFIG_HOME"), filepath.Join(home, ".config"))
	return []database{
		{"Chromium", filepath.Join(home, ".pki/nssdb")},
		{"Chromium (new place)", filepath.Join(data, "pki/nssdb")},
		{"Chromium (snap)", filepath.Join(home, "snap/chromium/current/.pki/nssdb")},
		{"Firefox", filepath.Join(home, ".mozilla/firefox/*")},
		{"Firefox (new place)", filepath.Join(config, "mozilla/firefox/*")},
		{"Firefox (snap)", filepath.Join(home, "snap/firefox/common/.mozilla/firefox/*")},
		{"Firefox (flatpak)", filepath.Join(home, ".var/app/org.mozilla.firefox/.mozilla/firefox/*")},
	}
}

// trustHelp is what is printed about an authority.
type trustHelp struct{ CA, Data, Name, Fingerprint, Ends, For, Port string }

var trustTemplate = template.Must(template.New("trust").Parse(`The authority is {{.CA}}
  name         {{.Name}}
  SHA-256      {{.Fingerprint}}
  ends         {{.Ends}}
  can vouch    for {{.For}}, and for nothing else

# The system and the browsers at once, and back
carillon tls trust --install --data "{{.Data}}"
carillon tls trust --uninstall --data "{{.Data}}"

# Linux: Debian, Ubuntu
sudo cp "{{.CA}}" /usr/local/share/ca-certificates/carillon.crt && sudo update-ca-certificates

# Linux: Fedora, RHEL
sudo cp "{{.CA}}" /etc/pki/ca-trust/source/anchors/carillon.pem && sudo update-ca-trust

# Linux: Arch
sudo trust anchor "{{.CA}}"

# macOS, with Safari and Chrome
sudo security add-trusted-cert -d -r trustRoot -p ssl -k /Library/Keychains/System.keychain "{{.CA}}"

# Windows, with Edge and Chrome, as administrator
certutil -addstore -f ROOT "{{.CA}}"

# Chromium and Chrome on Linux (libnss3-tools); the folder is one of these two, then restart the browser
certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n "{{.Name}}" -i "{{.CA}}"
certutil -d sql:$HOME/.local/share/pki/nssdb -A -t C,, -n "{{.Name}}" -i "{{.CA}}"

# Firefox: Settings, Privacy & Security, View Certificates, Authorities, Import; or, with its profile's folder
certutil -d "sql:$PROFILE" -A -t C,, -n "{{.Name}}" -i "{{.CA}}"

# Node.js
export NODE_EXTRA_CA_CERTS="{{.CA}}"

# Python, boto3 and the AWS CLI; what is set trusts nobody else
export REQUESTS_CA_BUNDLE="{{.CA}}" AWS_CA_BUNDLE="{{.CA}}"

# Go on Linux, and other programs with OpenSSL; what is set may trust nobody else
export SSL_CERT_FILE="{{.CA}}"

# Java
keytool -importcert -cacerts -noprompt -alias carillon -file "{{.CA}}"

# curl
curl --cacert "{{.CA}}" https://localhost:{{.Port}}/
`))
