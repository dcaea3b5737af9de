%%% A running test: its changeable fields, its suite's fixture, and how it fails or is skipped.
%%%
%%% Values never change, but a test case may assign its fields. While it runs they are in the process dictionary and the
%%% instance itself carries none, so that every read comes here.
-module(beamtalk_test).

-export([start/1, fields_of/1, stop/0, field/2, put_field/3, fixture/0, set_fixture/1]).
-export([should_raise/3, fail/2, skip/2]).

-define(FIELDS, '$beamtalk_test_fields').
-define(FIXTURE, '$beamtalk_test_fixture').

%% ---- fields --------------------------------------------------------------------------------------------------

%% A fresh instance whose fields this process may assign until `stop/0'.
-spec start(module()) -> map().
start(Module) ->
    put(?FIELDS, {Module, Module:'$fields'()}),
    #{'$class' => Module}.

%% `setUp' may answer an instance with fields of its own: they are the test's from now on.
-spec fields_of(term()) -> ok.
fields_of(#{'$class' := Module} = Instance) ->
    case get(?FIELDS) of
        {Module, Fields} ->
            put(?FIELDS, {Module, maps:merge(Fields, maps:remove('$class', Instance))}),
            ok;
        _ ->
            ok
    end;
fields_of(_) ->
    ok.

-spec stop() -> ok.
stop() ->
    erase(?FIELDS),
    ok.

-spec field(module(), atom()) -> {ok, term()} | error.
field(Module, Name) ->
    case get(?FIELDS) of
        {Module, #{Name := Value}} -> {ok, Value};
        _ -> error
    end.

%% Whether the process runs a test of the class.
-spec put_field(module(), atom(), term()) -> boolean().
put_field(Module, Name, Value) ->
    case get(?FIELDS) of
        {Module, Fields} ->
            put(?FIELDS, {Module, Fields#{Name => Value}}),
            true;
        _ ->
            false
    end.

%% The value of the suite's `setUpOnce'.
-spec fixture() -> term().
fixture() ->
    case get(?FIXTURE) of
        {fixture, Value} -> Value;
        undefined -> nil
    end.

-spec set_fixture(term()) -> ok.
set_fixture(Value) ->
    put(?FIXTURE, {fixture, Value}),
    ok.

%% ---- assertions ----------------------------------------------------------------------------------------------

-spec should_raise(map(), term(), term()) -> nil.
should_raise(Self, Block, Kind) when is_function(Block, 0), is_atom(Kind) ->
    Raised =
        try
            _ = Block(),
            none
        catch
            throw:{'$return', _, _} = Return:Stack -> erlang:raise(throw, Return, Stack);
            Class:Reason:Stack -> {raised, beamtalk_error:from_erlang(Class, Reason, Stack)}
        end,
    Wanted = atom_to_binary(Kind),
    case Raised of
        none ->
            fail(Self, <<"Expected block to raise ", Wanted/binary, " but it completed normally">>);
        {raised, #{kind := Kind}} ->
            nil;
        {raised, #{kind := type_error, message := <<"bad arithmetic operation">>}} when Kind =:= badarith ->
            nil;
        {raised, #{kind := Other}} ->
            fail(Self, <<"Expected error kind ", Wanted/binary, " but got ", (atom_to_binary(Other))/binary>>)
    end;
should_raise(Self, _, _) ->
    Hint = <<"A Block without parameters and a Symbol are needed">>,
    beamtalk_error:raise(type_error, beamtalk_registry:name_of(Self), 'should:raise:', Hint).

-spec fail(map(), term()) -> no_return().
fail(Self, Message) ->
    raise(assertion_failed, Self, 'fail:', Message).

-spec skip(map(), term()) -> no_return().
skip(Self, Reason) ->
    raise(bunit_skip, Self, 'skip:', Reason).

-spec raise(atom(), map(), atom(), term()) -> no_return().
raise(Kind, Self, Selector, Message) ->
    Text = beamtalk_print:display_string(Message),
    beamtalk_error:raise_message('bt@stdlib@Error', Kind, Text, beamtalk_registry:name_of(Self), Selector, nil).
