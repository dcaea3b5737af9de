%%% Which tests there are, and running those of many classes, several classes at once.
-module(beamtalk_test_run).

-export([all/1, class/1, method/2, tests/0, tests/1, selectors/1]).

-export_type([result/0]).

-type result() :: #{
    '$class' := module(),
    passed := non_neg_integer(),
    failed := non_neg_integer(),
    skipped := non_neg_integer(),
    duration := float(),
    outcomes := [beamtalk_test_suite:outcome()]
}.

-define(TEST_CASE, 'bt@stdlib@TestCase').

%% ---- which tests there are -----------------------------------------------------------------------------------

%% The concrete test classes that are loaded, by name, with the tests of each.
-spec tests() -> [{module(), [atom()]}].
tests() ->
    tests([Module || {_, Module} <- beamtalk_class:all_classes()]).

%% Those among the modules.
-spec tests([module()]) -> [{module(), [atom()]}].
tests(Modules) ->
    [{Module, selectors(Module)} || Module <- Modules, is_test(Module), not is_abstract(Module)].

is_test(Module) ->
    Module =/= ?TEST_CASE andalso beamtalk_registry:inherits(Module, ?TEST_CASE).

is_abstract(Module) ->
    lists:member(abstract, beamtalk_registry:info(Module, modifiers, [])).

%% Unary selectors that begin with `test', inherited ones included, in alphabetical order; none of a class that is no test.
-spec selectors(module()) -> [atom()].
selectors(Module) ->
    Chain = lists:takewhile(fun(Each) -> Each =/= ?TEST_CASE end, beamtalk_registry:chain(Module)),
    Methods = lists:append([beamtalk_class:methods({'$class', Each}) || Each <- Chain]),
    lists:usort([Selector || is_test(Module), Selector <- Methods, is_test_name(atom_to_binary(Selector))]).

is_test_name(<<"test", Rest/binary>>) -> binary:match(Rest, <<":">>) =:= nomatch;
is_test_name(_) -> false.

%% ---- TestRunner ----------------------------------------------------------------------------------------------

%% All loaded test classes, so many at once; 0 fits the machine. Serial classes run alone at the end.
-spec all(term()) -> result().
all(0) ->
    all(erlang:system_info(schedulers_online));
all(AtOnce) when is_integer(AtOnce), AtOnce > 0 ->
    timed(fun() ->
        {Serial, Others} = lists:partition(fun({Module, _}) -> beamtalk_test_suite:is_serial(Module) end, tests()),
        pool(Others, AtOnce) ++ pool(Serial, 1)
    end);
all(Other) ->
    Text = ["runAll: expects a non-negative integer, got: ", beamtalk_print:print_string(Other)],
    raise('bt@stdlib@Error', invalid_argument, unicode:characters_to_binary(Text), 'runAll:').

-spec class(term()) -> result().
class({'$class', Module}) -> timed(fun() -> pool([{Module, selectors(Module)}], 1) end);
class(Other) -> not_a_class(Other, 'run:').

-spec method(term(), term()) -> result().
method({'$class', Module}, Selector) when is_atom(Selector) ->
    timed(fun() ->
        case lists:member(Selector, selectors(Module)) of
            true -> pool([{Module, [Selector]}], 1);
            false -> [missing(Module, Selector)]
        end
    end);
method({'$class', _}, Selector) ->
    Text = <<"Expected a Symbol, got: ", (beamtalk_print:print_string(Selector))/binary>>,
    raise('bt@stdlib@TypeError', type_error, Text, 'run:method:');
method(Other, _) ->
    not_a_class(Other, 'run:method:').

missing(Module, Selector) ->
    Class = beamtalk_registry:class_name(Module),
    Text = ["Method '", atom_to_binary(Selector), "' not found in ", atom_to_binary(Class)],
    #{class => Class, name => Selector, status => fail, message => unicode:characters_to_binary(Text), line => nil}.

-spec not_a_class(term(), atom()) -> no_return().
not_a_class(Name, Selector) when is_atom(Name), Name =/= nil, Name =/= true, Name =/= false ->
    case beamtalk_class:class_named(Name) of
        nil -> beamtalk_error:raise(class_not_found, Name, Selector);
        _ -> not_a_class({Name}, Selector)
    end;
not_a_class(_, Selector) ->
    beamtalk_error:raise(type_error, 'TestRunner', Selector, <<"The argument must be a class">>).

-spec raise(module(), atom(), binary(), atom()) -> no_return().
raise(ExceptionModule, Kind, Text, Selector) ->
    beamtalk_error:raise_message(ExceptionModule, Kind, Text, 'TestRunner', Selector, nil).

%% ---- running -------------------------------------------------------------------------------------------------

%% The outcomes in the order of the classes, of which so many run at once.
pool(Plans, AtOnce) ->
    Numbered = lists:zip(lists:seq(1, length(Plans)), Plans),
    {Now, Later} = lists:split(min(AtOnce, length(Plans)), Numbered),
    Done = collect(maps:from_list([keeper(Plan) || Plan <- Now]), Later, #{}),
    lists:append([maps:get(Number, Done) || {Number, _} <- Numbered]).

keeper({Number, {Module, Selectors}}) ->
    {_, Monitor} = spawn_monitor(fun() -> exit({?MODULE, beamtalk_test_suite:run(Module, Selectors, infinity)}) end),
    {Monitor, {Number, Module}}.

collect(Running, _, Done) when map_size(Running) =:= 0 ->
    Done;
collect(Running, Later, Done) ->
    receive
        {'DOWN', Monitor, process, _, Reason} when is_map_key(Monitor, Running) ->
            {{Number, Module}, Others} = maps:take(Monitor, Running),
            Done1 = Done#{Number => outcomes(Module, Reason)},
            case Later of
                [Next | Rest] ->
                    {Key, Value} = keeper(Next),
                    collect(Others#{Key => Value}, Rest, Done1);
                [] ->
                    collect(Others, [], Done1)
            end
    end.

outcomes(_, {?MODULE, Outcomes}) ->
    Outcomes;
outcomes(Module, Reason) ->
    Class = beamtalk_registry:class_name(Module),
    Text = <<"Test worker crashed: ", (beamtalk_error:text(Reason))/binary>>,
    [#{class => Class, name => suite, status => fail, message => Text, line => nil}].

timed(Run) ->
    Start = erlang:monotonic_time(microsecond),
    Outcomes = Run(),
    Duration = (erlang:monotonic_time(microsecond) - Start) / 1.0e6,
    Count = fun(Status) -> length([found || #{status := Each} <- Outcomes, Each =:= Status]) end,
    #{
        '$class' => 'bt@stdlib@TestResult',
        passed => Count(pass),
        failed => Count(fail),
        skipped => Count(skip),
        duration => Duration,
        outcomes => Outcomes
    }.
