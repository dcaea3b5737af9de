%%% Checksums and authentication codes of OTP's crypto, with checked arguments.
-module(beamtalk_digest).

-export([hash/3, hmac/4]).

-spec hash(sha256 | sha512 | md5, term(), atom()) -> binary().
hash(Algorithm, Data, _) when is_binary(Data) -> crypto:hash(Algorithm, Data);
hash(_, _, Selector) -> not_binary(Selector).

-spec hmac(sha256 | sha512, term(), term(), atom()) -> binary().
hmac(Algorithm, Data, Key, _) when is_binary(Data), is_binary(Key) -> crypto:mac(hmac, Algorithm, Key, Data);
hmac(_, _, _, Selector) -> not_binary(Selector).

-spec not_binary(atom()) -> no_return().
not_binary(Selector) ->
    beamtalk_error:raise(type_error, 'Digest', Selector, <<"A String or Binary is needed.">>).
