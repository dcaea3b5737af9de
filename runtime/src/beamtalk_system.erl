%%% What the system says about itself, and the primitives of System: environment, platform, identifiers.
-module(beamtalk_system).

-export([version/0, global/1]).
-export([
    get_env/1,
    get_env/2,
    set_env/2,
    unset_env/1,
    os_platform/0,
    os_family/0,
    architecture/0,
    hostname/0,
    erlang_version/0,
    os_pid/0,
    unique_id/0
]).

-spec version() -> binary().
version() ->
    _ = application:load(beamtalk),
    case application:get_key(beamtalk, vsn) of
        {ok, Version} -> unicode:characters_to_binary(Version);
        undefined -> <<"0">>
    end.

%% The object behind a system name.
-spec global(atom()) -> term().
global(Name) ->
    beamtalk_class:resolve(atom_to_binary(Name)).

%% ---- environment ---------------------------------------------------------------------------------------------

-spec get_env(term()) -> binary() | nil.
get_env(Name) ->
    get_env(Name, nil, 'getEnv:').

-spec get_env(term(), Default) -> binary() | Default.
get_env(Name, Default) ->
    get_env(Name, Default, 'getEnv:default:').

get_env(Name, Default, Selector) ->
    case os:getenv(text(Name, Selector)) of
        false -> Default;
        Value -> unicode:characters_to_binary(Value)
    end.

-spec set_env(term(), term()) -> true.
set_env(Name, Value) when is_binary(Value) ->
    os:putenv(text(Name, 'setEnv:value:'), unicode:characters_to_list(Value));
set_env(_, _) ->
    type_error('setEnv:value:', <<"Value argument must be a String">>).

-spec unset_env(term()) -> true.
unset_env(Name) ->
    os:unsetenv(text(Name, 'unsetEnv:')).

%% The names and values of the environment end at a zero byte and a name at `='.
text(Name, Selector) when is_binary(Name) ->
    case Name =/= <<>> andalso binary:match(Name, [<<0>>, <<"=">>]) =:= nomatch andalso beamtalk_string:is_text(Name) of
        true -> unicode:characters_to_list(Name);
        false -> type_error(Selector, <<"This is no name of an environment variable">>)
    end;
text(_, Selector) ->
    type_error(Selector, <<"Argument must be a String">>).

%% ---- platform ------------------------------------------------------------------------------------------------

-spec os_platform() -> binary().
os_platform() ->
    {_, Name} = os:type(),
    case Name of
        nt -> <<"win32">>;
        _ -> atom_to_binary(Name)
    end.

-spec os_family() -> binary().
os_family() ->
    {Family, _} = os:type(),
    atom_to_binary(Family).

-spec architecture() -> binary().
architecture() ->
    list_to_binary(erlang:system_info(system_architecture)).

-spec hostname() -> binary().
hostname() ->
    {ok, Name} = inet:gethostname(),
    unicode:characters_to_binary(Name).

-spec erlang_version() -> binary().
erlang_version() ->
    list_to_binary(erlang:system_info(otp_release)).

-spec os_pid() -> pos_integer().
os_pid() ->
    list_to_integer(os:getpid()).

-spec unique_id() -> pos_integer().
unique_id() ->
    erlang:unique_integer([positive, monotonic]).

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'System', Selector, Hint).
