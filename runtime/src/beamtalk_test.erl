%%% A running test: its changeable fields, its suite's fixture, and how it fails or is skipped.
%%%
%%% Values never change, but a test case may assign its fields. While it runs they are in the process dictionary and the
%%% instance itself carries none, so that every read comes here.
-module(beamtalk_test).

-export([start/1, start/2, fields/1, fields_of/1, stop/0, field/2, put_field/3, whole/1, carried/1]).
-export([fixture/0, set_fixture/1]).
-export([unequal/2, should_raise/3, fail/2, skip/2]).

-export_type([fields/0]).

%% The values of fields by name.
-type fields() :: #{atom() => term()}.

-define(FIELDS, '$beamtalk_test_fields').
-define(FIXTURE, '$beamtalk_test_fixture').

%% ---- fields --------------------------------------------------------------------------------------------------

%% A fresh instance whose fields this process may assign until `stop/0'.
-spec start(module()) -> map().
start(Module) ->
    start(Module, #{}).

%% The same, with some fields as they are given.
-spec start(module(), fields()) -> map().
start(Module, Fields) ->
    put(?FIELDS, {Module, maps:merge(Module:'$fields'(), Fields)}),
    #{'$class' => Module}.

%% The fields of the running test of the class.
-spec fields(module()) -> fields().
fields(Module) ->
    {Module, Fields} = get(?FIELDS),
    Fields.

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

%% The instance as others see it, with the fields as they are now.
-spec whole(map()) -> map().
whole(#{'$class' := Module} = Self) ->
    case get(?FIELDS) of
        {Module, Fields} -> Fields#{'$class' => Module};
        _ -> Self
    end.

%% What a block of the test takes along to another process: entries of the process dictionary.
-spec carried(map()) -> [{atom(), term()}].
carried(#{'$class' := Module}) ->
    case get(?FIELDS) of
        {Module, _} = Fields -> [{?FIELDS, Fields} | [{?FIXTURE, Fixture} || Fixture <- [get(?FIXTURE)], Fixture =/= undefined]];
        _ -> []
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

%% Where both look the same, what tells them apart is shown too.
-spec unequal(term(), term()) -> binary().
unequal(Expected, Actual) ->
    Shown = {beamtalk_print:display_string(Expected), beamtalk_print:display_string(Actual)},
    {Wanted, Got} =
        case Shown of
            {Same, Same} -> {beamtalk_print:print_string(Expected), beamtalk_print:print_string(Actual)};
            _ -> Shown
        end,
    <<"Expected ", Wanted/binary, ", got ", Got/binary>>.

-spec should_raise(map(), term(), term()) -> nil.
should_raise(Self, Block, Kind) when is_function(Block, 0), is_atom(Kind) ->
    Wanted = atom_to_binary(Kind),
    case kinds_raised_by(Block) of
        [] ->
            fail(Self, <<"Expected block to raise ", Wanted/binary, " but it completed normally">>);
        [Shown | _] = Kinds ->
            case lists:member(Kind, Kinds) of
                true -> nil;
                false -> fail(Self, <<"Expected error kind ", Wanted/binary, " but got ", (atom_to_binary(Shown))/binary>>)
            end
    end;
should_raise(Self, Block, Kind) when is_function(Block, 0) ->
    refused(Self, <<"Expected an error kind atom, got: ">>, Kind);
should_raise(Self, Other, _) ->
    refused(Self, <<"Expected a zero-argument block, got: ">>, Other).

-spec refused(map(), binary(), term()) -> no_return().
refused(Self, Text, Value) ->
    Message = <<Text/binary, (beamtalk_print:print_string(Value))/binary>>,
    Class = beamtalk_registry:name_of(Self),
    beamtalk_error:raise_message('bt@stdlib@TypeError', type_error, Message, Class, 'should:raise:', nil).

%% The names of what the block raises, the one to show first; none when it does not raise.
kinds_raised_by(Block) ->
    try Block() of
        _ -> []
    catch
        throw:{'$return', _, _} = Return:Stack -> erlang:raise(throw, Return, Stack);
        Class:Reason:Stack -> kinds(Class, Reason, maps:get(kind, beamtalk_error:from_erlang(Class, Reason, Stack)))
    end.

%% What the VM raises by itself goes by the VM's name as well as by its kind in Beamtalk: `1 / 0' is `badarith', and a
%% `type_error' once it is caught. The failure of an actor arrives as an exception already.
kinds(error, #{kind := type_error, message := Message}, Kind) ->
    case binary:longest_common_suffix([Message, <<"bad arithmetic operation">>]) of
        24 -> [badarith, Kind];
        _ -> [Kind]
    end;
kinds(error, #{kind := runtime_error, message := Message}, Kind) -> [Kind, error | reason(Message)];
kinds(error, #{kind := process_not_found}, Kind) -> [Kind, noproc];
kinds(error, #{kind := _}, Kind) -> [Kind];
kinds(error, Reason, Kind) when is_atom(Reason) -> [Reason, Kind, error];
kinds(error, Reason, Kind) when is_tuple(Reason), tuple_size(Reason) > 0, is_atom(element(1, Reason)) ->
    [element(1, Reason), Kind, error];
kinds(error, _, Kind) -> [Kind, error];
kinds(Class, Reason, Kind) when is_atom(Reason) -> [Kind, Class, Reason, error];
kinds(Class, _, Kind) -> [Kind, Class, error].

%% The reason of an error that Erlang code raised, if it was an atom: it is the message then.
reason(Message) ->
    try
        [binary_to_existing_atom(lists:last(binary:split(Message, <<": ">>, [global])))]
    catch
        error:_ -> []
    end.

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
