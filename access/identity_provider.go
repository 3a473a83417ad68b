package access

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"carillon/api"
	"carillon/store"
)

// CreateOpenIDConnectProvider registers an issuer of tokens, and whom they may be made for.
func (s *Service) CreateOpenIDConnectProvider(ctx context.Context, caller *api.Caller, in *CreateOpenIDConnectProviderRequest) (*CreateOpenIDConnectProviderResult, error) {
	issuer, err := checkIssuer(in.Url)
	if err != nil {
		return nil, err
	}
	if err := checkClientIDs(in.ClientIDList...); err != nil {
		return nil, err
	}
	if len(in.ThumbprintList) > maxThumbprints || slices.ContainsFunc(in.ThumbprintList, func(t string) bool { return !thumbprintPattern.MatchString(t) }) {
		return nil, invalid("thumbprintList", "Member must have at most %d members of 40 hexadecimal digits", maxThumbprints)
	}
	name := s.providerARN(caller.Account, issuer)
	if err := s.permit(caller, "CreateOpenIDConnectProvider", name, nil); err != nil {
		return nil, err
	}
	err = s.change(ctx, caller.Account, func(tx store.Tx) error {
		list, err := tx.ListIdentityProviders(caller.Account, 0, maxProviders)
		if err != nil {
			return err
		}
		if len(list) == maxProviders {
			return faultf(limitExceeded, "Cannot exceed quota for OpenIdConnectProvidersPerAccount: %d", maxProviders)
		}
		return taken(tx.CreateIdentityProvider(store.IdentityProvider{
			Key: s.keys.Next(), Account: caller.Account, URL: issuer, ClientIDs: compact(in.ClientIDList), Thumbprints: in.ThumbprintList, Created: s.now(),
		}), "Provider with url %s already exists.", in.Url)
	})
	if err != nil {
		return nil, err
	}
	return &CreateOpenIDConnectProviderResult{OpenIDConnectProviderArn: name}, nil
}

// plain marks the issuers, on this machine, that are asked without TLS; others begin with https://, which
// their names leave out.
const plain = "http://"

// checkIssuer reads the URL of an issuer. Without TLS it must be on this machine.
func checkIssuer(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || len(text) > 255 || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.String() != text {
		return "", invalid("url", "Member must be a URL of at most 255 characters without a query and a fragment")
	}
	name := strings.TrimSuffix(u.Host+u.EscapedPath(), "/")
	switch {
	case u.Scheme == "https":
		return name, nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return plain + name, nil
	}
	return "", invalid("url", "Member must begin with https://, or with http:// and the loopback address")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func checkClientIDs(ids ...string) error {
	if len(ids) > maxClientIDs {
		return faultf(limitExceeded, "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: %d", maxClientIDs)
	}
	for _, id := range ids {
		if id == "" || utf8.RuneCountInString(id) > 255 || !utf8.ValidString(id) {
			return invalid("clientID", "Member must have length between 1 and 255")
		}
	}
	return nil
}

// compact leaves out what is there twice.
func compact(texts []string) []string {
	var list []string
	for _, t := range texts {
		if !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

// GetOpenIDConnectProvider tells of an issuer.
func (s *Service) GetOpenIDConnectProvider(ctx context.Context, caller *api.Caller, in *GetOpenIDConnectProviderRequest) (*GetOpenIDConnectProviderResult, error) {
	var p store.IdentityProvider
	err := s.Store.View(ctx, func(tx store.Tx) (err error) {
		p, err = s.providerIn(tx, caller, "GetOpenIDConnectProvider", in.OpenIDConnectProviderArn)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &GetOpenIDConnectProviderResult{
		Url: strings.TrimPrefix(p.URL, plain), ClientIDList: p.ClientIDs, ThumbprintList: p.Thumbprints, CreateDate: p.Created,
	}, nil
}

// ListOpenIDConnectProviders lists the issuers of the caller's account.
func (s *Service) ListOpenIDConnectProviders(ctx context.Context, caller *api.Caller, _ *ListOpenIDConnectProvidersRequest) (*ListOpenIDConnectProvidersResult, error) {
	if err := s.permit(caller, "ListOpenIDConnectProviders", s.iamARN(caller.Account, "oidc-provider/*"), nil); err != nil {
		return nil, err
	}
	out := &ListOpenIDConnectProvidersResult{OpenIDConnectProviderList: []OpenIDConnectProviderListEntry{}}
	err := s.Store.View(ctx, func(tx store.Tx) error {
		list, err := tx.ListIdentityProviders(caller.Account, 0, maxProviders)
		for _, p := range list {
			out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList, OpenIDConnectProviderListEntry{Arn: s.providerARN(p.Account, p.URL)})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteOpenIDConnectProvider forgets an issuer. Sessions that began with its tokens go on to their end.
func (s *Service) DeleteOpenIDConnectProvider(ctx context.Context, caller *api.Caller, in *DeleteOpenIDConnectProviderRequest) (*Nothing, error) {
	return nil, s.changeProvider(ctx, caller, "DeleteOpenIDConnectProvider", in.OpenIDConnectProviderArn, func(tx store.Tx, p store.IdentityProvider) error {
		return tx.DeleteIdentityProvider(p.Key)
	})
}

// AddClientIDToOpenIDConnectProvider lets an issuer make tokens for one more; it may be one already.
func (s *Service) AddClientIDToOpenIDConnectProvider(ctx context.Context, caller *api.Caller, in *AddClientIDToOpenIDConnectProviderRequest) (*Nothing, error) {
	return nil, s.changeProvider(ctx, caller, "AddClientIDToOpenIDConnectProvider", in.OpenIDConnectProviderArn, func(tx store.Tx, p store.IdentityProvider) error {
		p.ClientIDs = compact(append(p.ClientIDs, in.ClientID))
		if err := checkClientIDs(p.ClientIDs...); err != nil {
			return err
		}
		return tx.UpdateIdentityProvider(p)
	})
}

// RemoveClientIDFromOpenIDConnectProvider undoes AddClientIDToOpenIDConnectProvider.
func (s *Service) RemoveClientIDFromOpenIDConnectProvider(ctx context.Context, caller *api.Caller, in *RemoveClientIDFromOpenIDConnectProviderRequest) (*Nothing, error) {
	return nil, s.changeProvider(ctx, caller, "RemoveClientIDFromOpenIDConnectProvider", in.OpenIDConnectProviderArn, func(tx store.Tx, p store.IdentityProvider) error {
		p.ClientIDs = slices.DeleteFunc(p.ClientIDs, func(id string) bool { return id == in.ClientID })
		return tx.UpdateIdentityProvider(p)
	})
}

func (s *Service) providerARN(account, issuer string) string {
	return s.iamARN(account, "oidc-provider/"+strings.TrimPrefix(issuer, plain))
}

// provider finds the issuer of a name in an account, by its URL without the scheme.
func (s *Service) provider(tx store.Tx, account, issuer string) (store.IdentityProvider, error) {
	p, err := tx.IdentityProvider(account, issuer)
	if errors.Is(err, store.ErrNotFound) {
		return tx.IdentityProvider(account, plain+issuer)
	}
	return p, err
}

func (s *Service) providerIn(tx store.Tx, caller *api.Caller, action, name string) (store.IdentityProvider, error) {
	if err := s.permit(caller, action, name, nil); err != nil {
		return store.IdentityProvider{}, err
	}
	issuer, ok := strings.CutPrefix(name, s.providerARN(caller.Account, ""))
	if !ok {
		return store.IdentityProvider{}, faultf(noSuchEntity, "OpenIDConnect Provider not found for arn %.300s", name)
	}
	p, err := s.provider(tx, caller.Account, issuer)
	return p, missing(err, "OpenIDConnect Provider not found for arn %.300s", name)
}

func (s *Service) changeProvider(ctx context.Context, caller *api.Caller, action, name string, fn func(store.Tx, store.IdentityProvider) error) error {
	return s.change(ctx, caller.Account, func(tx store.Tx) error {
		p, err := s.providerIn(tx, caller, action, name)
		if err != nil {
			return err
		}
		return fn(tx, p)
	})
}
