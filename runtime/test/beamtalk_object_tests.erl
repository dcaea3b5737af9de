-module(beamtalk_object_tests).
-include_lib("eunit/include/eunit.hrl").

-define(POINT, 'bt@user@Point').

raised(Fun) ->
    try Fun() of
        Value -> {value, Value}
    catch
        error:#{'$class' := Class, kind := Kind, message := Message} ->
            {beamtalk_registry:class_name(Class), Kind, Message}
    end.

send(Receiver, Selector, Args) -> beamtalk_dispatch:send(Receiver, Selector, Args).

object_test_() ->
    beamtalk_fixture:with_runtime([
        {"inherited methods are found, also class-side", fun inherits/0},
        {"extensions come before the superclass", fun extensions/0},
        {"the last resort is doesNotUnderstand:args:", fun not_understood/0},
        {"a class answers Class's protocol", fun class_protocol/0},
        {"construction", fun construction/0},
        {"a field that an old value lacks has the class's default", fun missing_field/0},
        {"reflection on fields", fun fields/0},
        {"perform: checks selector, arguments and their number", fun performs/0},
        {"respondsTo: and isKindOf:", fun reflection/0},
        {"type patterns", fun type_patterns/0},
        {"a class that is gone raises class_not_found", fun gone/0},
        {"class names resolve to classes, globals shadow them", fun resolution/0},
        {"methods, superclasses and docs by reflection", fun class_reflection/0},
        {"class variables are transactional and per class", fun class_state/0},
        {"class variables: writers are serial, a killed one frees the lock", fun class_locks/0},
        {"FFI: existence, arity, conversion", fun ffi/0},
        {"FFI: errors", fun ffi_errors/0}
    ]).

point() ->
    beamtalk_fixture:class(?POINT, 'bt@stdlib@Value', value, [{x, 1}, {y, 2}],
        "x(#{x := X}) -> X.\n'+'(#{x := X}, N) -> X + N.\n'class origin'(C) -> beamtalk_object:new(C).").

inherits() ->
    Sub = beamtalk_fixture:class('bt@user@Point3', ?POINT, value, [{z, 3}], ""),
    beamtalk_fixture:load([point(), Sub]),
    P = send({'$class', 'bt@user@Point3'}, origin, []),
    ?assertEqual(#{'$class' => 'bt@user@Point3', x => 1, y => 2, z => 3}, P),
    ?assertEqual(1, 'bt@user@Point3':x(P)),
    ?assertEqual(5, send(P, '+', [4])),
    ?assertEqual(P, send(P, yourself, [])).

extensions() ->
    beamtalk_ext:add('bt@stdlib@Object', twice, fun(S) -> [S, S] end, test),
    ?assertEqual([7, 7], send(7, twice, [])),
    beamtalk_ext:add('bt@stdlib@Integer', twice, fun(S) -> S * 2 end, test),
    ?assertEqual(14, send(7, twice, [])),
    ?assert(beamtalk_object:responds_to(7, twice)),
    ?assert(beamtalk_ext:remove('bt@stdlib@Integer', twice)),
    ?assertEqual([7, 7], send(7, twice, [])),
    beamtalk_ext:add('bt@stdlib@Object', 'class who', fun(C) -> C end, test),
    ?assertEqual({'$class', ?POINT}, send({'$class', ?POINT}, who, [])),
    beamtalk_ext:remove_class('bt@stdlib@Object'),
    ?assertMatch({'RuntimeError', does_not_understand, _}, raised(fun() -> send(7, twice, []) end)).

not_understood() ->
    ?assertEqual(
        {'RuntimeError', does_not_understand, <<"Integer does not understand 'zork:'">>},
        raised(fun() -> send(3, 'zork:', [1]) end)
    ),
    ?assertEqual(
        {'RuntimeError', does_not_understand, <<"Point does not understand 'zork'">>},
        raised(fun() -> send({'$class', ?POINT}, zork, []) end)
    ),
    ?assertMatch({'RuntimeError', does_not_understand, <<"Integer does not understand 'ifTrue:'">>},
        raised(fun() -> beamtalk_dispatch:not_understood(3, 'ifTrue:', 1) end)),
    Proxy = beamtalk_fixture:class('bt@user@Proxy', 'bt@stdlib@Value', value,
        "'doesNotUnderstand:args:'(_, S, A) -> {S, A}."),
    beamtalk_fixture:load([Proxy]),
    P = #{'$class' => 'bt@user@Proxy'},
    ?assertEqual({'at:put:', [1, 2]}, send(P, 'at:put:', [1, 2])),
    ?assertNot(beamtalk_object:responds_to(P, 'at:put:')),
    ?assertMatch({'TypeError', type_error, _}, raised(fun() -> beamtalk_dispatch:non_boolean(3) end)).

class_protocol() ->
    ?assertEqual(true, send({'$class', ?POINT}, isClass, [])),
    ?assertEqual(true, send({'$metaclass', ?POINT}, isMeta, [])),
    ?assertEqual('Point', send({'$class', ?POINT}, name, [])),
    ?assertEqual('Point class', send({'$metaclass', ?POINT}, name, [])),
    try send({'$class', ?POINT}, zork, []) catch
        error:#{hint := Hint} -> ?assertEqual(<<"Class does not understand this message">>, Hint)
    end.

construction() ->
    C = {'$class', ?POINT},
    ?assertEqual(#{'$class' => ?POINT, x => 9, y => 2}, send(C, 'new:', [#{x => 9, unknown => 1}])),
    ?assertEqual({'TypeError', type_error, <<"Type error in 'new:' on Point">>}, raised(fun() -> send(C, 'new:', [42]) end)),
    ?assertEqual(
        {'InstantiationError', instantiation_error, <<"Cannot call 'new' on Object">>},
        raised(fun() -> beamtalk_object:refuse_new({'$class', 'bt@stdlib@Object'}, new) end)
    ).

missing_field() ->
    Old = #{'$class' => ?POINT, x => 1},
    ?assertEqual(2, beamtalk_object:missing_field(Old, y)),
    ?assertMatch({'RuntimeError', key_error, <<"key not found: q">>}, raised(fun() -> beamtalk_object:missing_field(Old, q) end)).

fields() ->
    P = beamtalk_object:new({'$class', ?POINT}),
    ?assertEqual([x, y], lists:sort(beamtalk_object:field_names(P))),
    ?assertEqual([], beamtalk_object:field_names(3)),
    ?assertEqual(1, beamtalk_object:field_at(P, x)),
    ?assertEqual(nil, beamtalk_object:field_at(P, q)),
    ?assertMatch({'RuntimeError', immutable_value, _}, raised(fun() -> beamtalk_object:field_at(3, x) end)),
    ?assertEqual(
        {'RuntimeError', immutable_value, <<"Cannot call 'fieldAt:put:' on Point (immutable value)">>},
        raised(fun() -> beamtalk_object:field_at_put(P, x, 2) end)
    ).

performs() ->
    P = beamtalk_object:new({'$class', ?POINT}),
    ?assertEqual(1, beamtalk_object:perform(P, x)),
    ?assertEqual(3, beamtalk_object:perform(P, '+', [2])),
    ?assertMatch({_, arity_mismatch, <<"Wrong number of arguments to 'x' on Point">>},
        raised(fun() -> beamtalk_object:perform(P, x, [1]) end)),
    ?assertMatch({_, type_error, _}, raised(fun() -> beamtalk_object:perform(P, <<"x">>) end)),
    ?assertMatch({_, argument_error, _}, raised(fun() -> beamtalk_object:perform(P, x, 3) end)),
    ?assertMatch({_, does_not_understand, _}, raised(fun() -> beamtalk_object:perform(P, zork) end)),
    %% The functions of a class's module that are no methods stay out of reach.
    [
        begin
            ?assertMatch({_, does_not_understand, _}, raised(fun() -> beamtalk_object:perform(P, Name, Arguments) end)),
            ?assertNot(beamtalk_object:responds_to(P, Name))
        end
     || {Name, Arguments} <- [{'$info', []}, {'$info', [1]}, {'class new', []}, {'', []}, {':', [1]}, {'at:put', [1]}]
    ],
    C = {'$class', ?POINT},
    ?assertEqual(P, beamtalk_object:perform_locally(C, origin, [])),
    ?assertMatch({_, does_not_understand, <<"Point class does not understand 'new'">>},
        raised(fun() -> beamtalk_object:perform_locally(C, new, []) end)).

reflection() ->
    P = beamtalk_object:new({'$class', ?POINT}),
    ?assert(beamtalk_object:responds_to(P, x)),
    ?assert(beamtalk_object:responds_to(P, '==')),
    ?assert(beamtalk_object:responds_to({'$class', ?POINT}, origin)),
    ?assert(beamtalk_object:responds_to({'$class', ?POINT}, isClass)),
    ?assertNot(beamtalk_object:responds_to(P, origin)),
    ?assertNot(beamtalk_object:responds_to(P, module_info)),
    Class = fun(Name) -> {'$class', list_to_atom("bt@stdlib@" ++ Name)} end,
    ?assert(beamtalk_object:is_kind_of(P, Class("Object"))),
    ?assertNot(beamtalk_object:is_kind_of(P, Class("Integer"))),
    ?assert(beamtalk_object:is_kind_of(Class("Integer"), Class("Class"))),
    ?assert(beamtalk_object:is_kind_of(Class("Integer"), Class("Object"))),
    ?assertNot(beamtalk_object:is_kind_of(Class("Actor"), Class("Actor"))),
    ?assert(beamtalk_object:is_kind_of({'$class', ?POINT}, {'$metaclass', 'bt@stdlib@Value'})),
    ?assertEqual({'$metaclass', ?POINT}, beamtalk_object:class_of({'$class', ?POINT})),
    ?assertEqual(Class("Binary"), beamtalk_object:class_of(<<255>>)),
    ?assertEqual(Class("String"), beamtalk_object:class_of(<<>>)).

type_patterns() ->
    Class = fun(Name) -> {'$class', list_to_atom("bt@stdlib@" ++ Name)} end,
    Yes = [{1, "Integer"}, {<<"a">>, "String"}, {a, "Symbol"}, {nil, "UndefinedObject"}, {#{}, "Dictionary"},
        {{1}, "Tuple"}, {[], "List"}, {self(), "Pid"}, {true, "True"}, {Class("Integer"), "Class"}],
    No = [{nil, "Symbol"}, {true, "Symbol"}, {#{'$class' => ?POINT}, "Dictionary"}, {1.0, "Integer"},
        {{'$actor', ?POINT, self()}, "Tuple"}],
    [?assert(beamtalk_match:is_a(Value, Class(Name))) || {Value, Name} <- Yes],
    [?assertNot(beamtalk_match:is_a(Value, Class(Name))) || {Value, Name} <- No].

gone() ->
    ?assertEqual(
        {value, {'RuntimeError', class_not_found, <<"Class 'Vanished' not found">>}},
        {value, raised(fun() ->
            beamtalk_exception:on_do(
                fun() -> send({'$class', 'bt@user@Vanished'}, new, []) end, nil, fun beamtalk_exception:resignal/1)
        end)}
    ).

resolution() ->
    ?assertEqual({'$class', ?POINT}, beamtalk_class:resolve(<<"Point">>)),
    ?assertEqual({'$class', ?POINT}, beamtalk_class:class_named('Point')),
    ?assertEqual(nil, beamtalk_class:class_named('Zork')),
    ?assertEqual({'RuntimeError', class_not_found, <<"Class 'Zork' not found">>},
        raised(fun() -> beamtalk_class:resolve(<<"Zork">>) end)),
    beamtalk_registry:bind(<<"Point">>, 42),
    ?assertEqual(42, beamtalk_class:resolve(<<"Point">>)),
    ?assert(beamtalk_registry:unbind(<<"Point">>)),
    ?assertEqual({'$class', ?POINT}, beamtalk_class:resolve(<<"Point">>)).

class_reflection() ->
    C = {'$class', ?POINT},
    ?assertEqual({'$class', 'bt@stdlib@Value'}, beamtalk_class:superclass(C)),
    ?assertEqual({'$metaclass', 'bt@stdlib@Value'}, beamtalk_class:superclass({'$metaclass', ?POINT})),
    ?assertEqual({'$class', 'bt@stdlib@Class'}, beamtalk_class:superclass({'$metaclass', 'bt@stdlib@ProtoObject'})),
    ?assertEqual(nil, beamtalk_class:superclass({'$class', 'bt@stdlib@ProtoObject'})),
    ?assertEqual(['+', x], beamtalk_class:methods(C)),
    ?assertEqual([origin], beamtalk_class:methods({'$metaclass', ?POINT})),
    ?assertEqual([{'$class', 'bt@user@Point3'}], beamtalk_class:subclasses(C)),
    ?assertEqual([x, y], beamtalk_class:field_names(C)),
    ?assertMatch(#{selector := x, argumentCount := 0}, beamtalk_class:compiled_method({'$class', 'bt@user@Point3'}, x)),
    ?assertEqual(nil, beamtalk_class:compiled_method(C, zork)),
    C = beamtalk_class:set_doc(C, <<"A place.">>),
    ?assertEqual(<<"A place.">>, beamtalk_class:doc(C)),
    ?assertMatch({_, no_source_file, _}, raised(fun() -> beamtalk_class:reload(C) end)),
    ?assertMatch({'RuntimeError', selector_not_found, <<"Point does not define #yourself locally (or as an extension)">>},
        raised(fun() -> beamtalk_class:remove_selector(C, yourself) end)),
    ?assertMatch({_, runtime_error, <<"Cannot remove stdlib class 'Integer'">>},
        raised(fun() -> beamtalk_class:remove_from_system({'$class', 'bt@stdlib@Integer'}) end)),
    ?assertMatch({_, runtime_error, <<"Cannot remove class 'Point'; it has subclasses">>},
        raised(fun() -> beamtalk_class:remove_from_system(C) end)),
    ?assertEqual(nil, beamtalk_class:remove_from_system({'$class', 'bt@user@Point3'})),
    ?assertEqual([], beamtalk_class:subclasses(C)).

tally() ->
    Beam = beamtalk_fixture:beam('bt@user@Tally',
        "'$class_state'() -> #{n => 0}.\n'$info'(superclass) -> 'bt@stdlib@Object'; '$info'(_) -> undefined."),
    Sub = beamtalk_fixture:beam('bt@user@SubTally',
        "'$class_state'() -> #{n => 0}.\n'$info'(superclass) -> 'bt@user@Tally'; '$info'(_) -> undefined."),
    beamtalk_fixture:load([{'bt@user@Tally', Beam}, {'bt@user@SubTally', Sub}]),
    {'$class', 'bt@user@Tally'}.

bump(C) ->
    beamtalk_class_state:transaction(C, fun() ->
        beamtalk_class_state:put(C, n, beamtalk_class_state:get(C, n) + 1)
    end).

class_state() ->
    C = tally(),
    Sub = {'$class', 'bt@user@SubTally'},
    ?assertEqual(0, beamtalk_class_state:get(C, n)),
    ?assertEqual(1, bump(C)),
    ?assertEqual(0, beamtalk_class_state:get(Sub, n)),
    Fail = fun() -> bump(C), bump(C), error(no) end,
    ?assertError(no, beamtalk_class_state:transaction(C, Fail)),
    ?assertEqual(1, beamtalk_class_state:get(C, n)),
    %% An inner message that raises undoes its own writes only.
    Outer = fun() ->
        bump(C),
        catch beamtalk_class_state:transaction(C, fun() -> bump(C), error(no) end),
        beamtalk_class_state:get(C, n)
    end,
    ?assertEqual(2, beamtalk_class_state:transaction(C, Outer)),
    Frame = beamtalk_frame:enter(),
    ?assertThrow({'$return', Frame, 7},
        beamtalk_class_state:transaction(C, fun() -> bump(C), beamtalk_frame:return(Frame, 7) end)),
    beamtalk_frame:leave(Frame),
    ?assertEqual(3, beamtalk_class_state:get(C, n)),
    ?assertMatch({_, key_error, _}, raised(fun() -> beamtalk_class_state:get(C, m) end)),
    ?assertEqual(undefined, get(C)).

class_locks() ->
    C = tally(),
    beamtalk_class_state:forget('bt@user@Tally'),
    Self = self(),
    Workers = [spawn_monitor(fun() -> [bump(C) || _ <- lists:seq(1, 100)] end) || _ <- lists:seq(1, 10)],
    [receive {'DOWN', W, _, _, normal} -> ok end || {_, W} <- Workers],
    ?assertEqual(1000, beamtalk_class_state:get(C, n)),
    Holder = spawn(fun() -> beamtalk_class_state:transaction(C, fun() ->
        bump(C), Self ! in, receive never -> ok end end) end),
    receive in -> ok end,
    ?assertEqual(1000, beamtalk_class_state:get(C, n)),
    spawn(fun() -> timer:sleep(30), exit(Holder, kill) end),
    ?assertEqual(1001, bump(C)).

ffi() ->
    ?assertEqual([2, 3, 4], beamtalk_ffi:call(lists, seq, [2, 4])),
    ?assertEqual(<<"abc">>, beamtalk_ffi:call(lists, seq, [97, 99])),
    ?assertEqual([], beamtalk_ffi:call(lists, reverse, [[]])),
    ?assertMatch(#{isOk := true, okValue := 1}, beamtalk_ffi:call(maps, find, [a, #{a => 1}])),
    ?assertMatch(#{isOk := false, errReason := nil}, beamtalk_ffi:call(maps, find, [b, #{a => 1}])),
    ?assertMatch(#{isOk := false, errReason := #{message := <<"enoent">>, kind := runtime_error}},
        beamtalk_ffi:call(file, read_file, [<<"/no/such">>])),
    ?assertEqual(node(), beamtalk_ffi:call(erlang, node, [])),
    ?assert(is_binary(beamtalk_ffi:call(os, cmd, [<<"echo hi">>]))),
    ?assertEqual(<<"UP">>, beamtalk_ffi:proxy_send(beamtalk_ffi:proxy(string), 'uppercase:', [<<"up">>])),
    ?assertEqual(undefined, beamtalk_ffi:call(erlang, whereis, [nobody_at_all])).

ffi_errors() ->
    Call = fun(M, F, A) -> raised(fun() -> beamtalk_ffi:call(M, F, A) end) end,
    ?assertMatch({_, does_not_understand, _}, Call(no_such_module, f, [])),
    ?assertMatch({_, does_not_understand, _}, Call(lists, no_such, [])),
    try beamtalk_ffi:call(lists, reverse, [1, 2, 3]) catch
        error:#{kind := arity_mismatch, hint := Hint} ->
            ?assertEqual(<<"lists:reverse/1, 2 exists but was called with 3 arguments">>, Hint)
    end,
    ?assertEqual({'TypeError', type_error, <<"Type error in 'atom_to_list' on ErlangModule">>}, Call(erlang, atom_to_list, [1])),
    ?assertMatch({_, arity_mismatch, _}, Call(lists, keyfind, [a, b])),
    ?assertMatch({'RuntimeError', key_error, <<"ErlangModule>>get: key not found: a">>}, Call(maps, get, [a, #{}])),
    ?assertMatch({'RuntimeError', runtime_error, <<"{my,3}">>}, Call(erlang, error, [{my, 3}])),
    ?assertExit(gone, beamtalk_ffi:call(erlang, exit, [gone])),
    ?assertThrow(ball, beamtalk_ffi:call(erlang, throw, [ball])),
    Signal = fun(_) -> beamtalk_exception:signal({'$class', 'bt@stdlib@Error'}, mine) end,
    ?assertEqual({'Error', signal, <<"mine">>}, Call(lists, map, [Signal, [1]])).
