%%% What Workspace, Session and BindingsView show: actors, classes, sessions and global names of this node.
-module(beamtalk_workspace).

-export([actors/0, actor_at/1, actors_of/1, classes/0, test_classes/0, load/1, sync/0]).
-export([bind/2, unbind/1, globals/0]).
-export([sessions/0, current_session/0, session_with_id/1, session_kind/1, session_bindings/1, session_resolve/2, session_clear/1]).
-export([view_at/2, view_put/3, view_remove/2, view_includes/2, view_contents/1]).

-define(SYSTEM_NAMES, [<<"Transcript">>, <<"Beamtalk">>, <<"Workspace">>]).

-type session() :: #{'$class' := module(), id := binary()}.
-type view() :: #{'$class' := module(), scope := globals | binary()}.

%% ---- actors and classes --------------------------------------------------------------------------------------

%% User actors that programs have started, not other actors or supervisors; the workspace's own streams are not counted.
-spec actors() -> [beamtalk_actor:actor()].
actors() ->
    [Actor || {'$actor', Module, _} = Actor <- started_actors(), beamtalk_registry:package(Module) =/= <<"stdlib">>].

started_actors() ->
    [{'$actor', Module, Pid} || {Pid, Module} <- beamtalk_actors:by_programs()].

-spec actor_at(term()) -> beamtalk_actor:actor() | nil.
actor_at(Text) when is_binary(Text) ->
    try list_to_pid(binary_to_list(Text)) of
        Pid ->
            case beamtalk_actors:module(Pid) of
                {ok, Module} -> {'$actor', Module, Pid};
                error -> nil
            end
    catch
        error:badarg -> nil
    end;
actor_at(_) ->
    nil.

-spec actors_of(term()) -> [beamtalk_actor:actor()].
actors_of({'$class', Class}) ->
    [Actor || {'$actor', Module, _} = Actor <- started_actors(), beamtalk_registry:inherits(Module, Class)];
actors_of(_) ->
    [].

-spec classes() -> [beamtalk_class:class()].
classes() ->
    [
        Class
     || {_, Module} = Class <- beamtalk_class:all_classes(),
        beamtalk_registry:package(Module) =/= <<"stdlib">>,
        beamtalk_class:source_file(Class) =/= nil
    ].

-spec test_classes() -> [beamtalk_class:class()].
test_classes() ->
    [
        Class
     || {_, Module} = Class <- classes(),
        Module =/= 'bt@stdlib@TestCase',
        beamtalk_registry:inherits(Module, 'bt@stdlib@TestCase')
    ].

%% Loading is the host's work: it has the compiler.
-spec load(term()) -> [beamtalk_class:class()].
load(Path) when is_binary(Path) ->
    [beamtalk_class:resolve(Name) || Name <- by_host({load_path, Path}, 'load:')];
load(Other) ->
    Name = atom_to_binary(beamtalk_registry:name_of(Other)),
    Text = <<"load: expects a String path, got ", Name/binary>>,
    raise(type_error, Text, 'WorkspaceInterface', 'load:', nil).

-spec sync() -> map().
sync() ->
    {Summary, Classes, Errors, {Changed, Unchanged, Deleted}} = by_host(sync_project, sync),
    #{
        summary => Summary,
        classes => [beamtalk_class:resolve(Name) || Name <- Classes],
        errors => [sync_error(Error) || Error <- Errors],
        changedCount => Changed,
        unchangedCount => Unchanged,
        deletedCount => Deleted
    }.

sync_error({Path, Kind, Message, Line, Hint}) ->
    Optional = [{line, Line}, {hint, Hint}],
    maps:merge(
        #{path => Path, kind => Kind, message => Message},
        maps:from_list([{Name, Value} || {Name, Value} <- Optional, Value =/= nil])
    ).

by_host(Request, Selector) ->
    case beamtalk_host:call(Request) of
        {ok, Answer} ->
            Answer;
        {error, #{kind := Kind, message := Text} = Error} ->
            raise(binary_to_atom(Kind), Text, 'WorkspaceInterface', Selector, maps:get(hint, Error, nil));
        no_host ->
            Hint = <<"This node runs without a compiler.">>,
            beamtalk_error:raise(no_compiler, 'WorkspaceInterface', Selector, Hint)
    end.

%% ---- global names --------------------------------------------------------------------------------------------

-spec bind(term(), term()) -> nil.
bind(Value, Name) when is_atom(Name) ->
    bind_text(Value, atom_to_binary(Name), 'bind:as:'),
    nil;
bind(_, _) ->
    raise_type('WorkspaceInterface', 'bind:as:', <<"The name must be a Symbol">>).

bind_text(Value, Name, Selector) ->
    case lists:member(Name, ?SYSTEM_NAMES) of
        true ->
            Text = <<Name/binary, " is a system name and cannot be shadowed">>,
            raise(name_conflict, Text, 'WorkspaceInterface', Selector, nil);
        false ->
            ok = beamtalk_registry:bind(Name, Value),
            tell_globals(),
            beamtalk_system_event:binding_changed(Name, Value, nil)
    end.

-spec unbind(term()) -> nil.
unbind(Name) when is_atom(Name) ->
    case unbind_text(atom_to_binary(Name)) of
        true ->
            nil;
        false ->
            Text = <<(atom_to_binary(Name))/binary, " is not a registered workspace name">>,
            raise(name_not_found, Text, 'WorkspaceInterface', 'unbind:', nil)
    end;
unbind(_) ->
    raise_type('WorkspaceInterface', 'unbind:', <<"The name must be a Symbol">>).

unbind_text(Name) ->
    Was = beamtalk_registry:unbind(Name),
    Was andalso tell_globals(),
    Was.

%% The compiler must know which names are bound.
tell_globals() ->
    beamtalk_host:event({globals, [Name || {Name, _} <- beamtalk_registry:globals()]}).

-spec globals() -> view().
globals() ->
    view(globals).

view(Scope) ->
    #{'$class' => 'bt@stdlib@BindingsView', scope => Scope}.

%% ---- sessions ------------------------------------------------------------------------------------------------

-spec sessions() -> [session()].
sessions() ->
    [session(Name) || Name <- beamtalk_session:names()].

session(Name) ->
    #{'$class' => 'bt@stdlib@Session', id => Name}.

%% The session whose input runs in this process, or started it: they share a group leader.
-spec current_session() -> session() | nil.
current_session() ->
    case beamtalk_session:of_leader(group_leader()) of
        {ok, Name} -> session(Name);
        error -> nil
    end.

-spec session_with_id(term()) -> session() | nil.
session_with_id(Id) when is_binary(Id) ->
    case beamtalk_session:find(Id) of
        {ok, _} -> session(Id);
        error -> nil
    end;
session_with_id(Other) ->
    Name = atom_to_binary(beamtalk_registry:name_of(Other)),
    Text = <<"Expected a String session id, got an ", Name/binary>>,
    raise(type_error, Text, 'Session', 'withId:', nil).

-spec session_kind(session()) -> binary().
session_kind(_) ->
    <<"repl">>.

-spec session_bindings(session()) -> view().
session_bindings(#{id := Id}) ->
    view(Id).

%% Variables first, then global names and classes.
-spec session_resolve(session(), term()) -> term().
session_resolve(#{id := Id} = Session, Name) when is_atom(Name) ->
    case variables(Id, 'resolve:') of
        #{Name := Value} -> Value;
        #{} -> resolve_global(Session, atom_to_binary(Name))
    end;
session_resolve(_, _) ->
    raise_type('Session', 'resolve:', <<"The name must be a Symbol">>).

resolve_global(_, Name) ->
    try
        beamtalk_class:resolve(Name)
    catch
        error:#{kind := class_not_found} ->
            raise(undefined_variable, <<"Undefined variable: ", Name/binary>>, 'Session', 'resolve:', nil)
    end.

-spec session_clear(session()) -> nil.
session_clear(#{id := Id}) ->
    change(Id, clear, 'Session', clear).

%% A change that takes effect when the running input has ended; only a session's own inputs may ask for it.
change(Id, Change, ClassName, Selector) ->
    case {beamtalk_session:of_leader(group_leader()), beamtalk_session:find(Id)} of
        {{ok, Id}, {ok, Session}} ->
            ok = beamtalk_session:change_later(Session, Change),
            nil;
        {_, {ok, _}} ->
            Hint = <<"Only what a session evaluates may change its variables.">>,
            beamtalk_error:raise(cross_session_mutation_unsupported, ClassName, Selector, Hint);
        {_, error} ->
            gone(Selector)
    end.

%% The committed variables; those of the running input are not yet among them.
variables(Id, Selector) ->
    case beamtalk_session:find(Id) of
        {ok, Pid} ->
            {Bindings, _} = beamtalk_session:bindings(Pid),
            maps:from_list([{binary_to_atom(Name), Value} || {Name, Value} <- Bindings]);
        error ->
            gone(Selector)
    end.

-spec gone(atom()) -> no_return().
gone(Selector) ->
    beamtalk_error:raise(session_not_found, 'Session', Selector, <<"The session has ended.">>).

%% ---- views ---------------------------------------------------------------------------------------------------

-spec view_contents(view()) -> #{atom() => term()}.
view_contents(#{scope := globals}) ->
    maps:from_list([{binary_to_atom(Name), Value} || {Name, Value} <- beamtalk_registry:globals()]);
view_contents(#{scope := Id}) ->
    variables(Id, bindings).

-spec view_at(view(), term()) -> term().
view_at(View, Key) ->
    maps:get(key(Key, 'at:'), view_contents(View), nil).

-spec view_includes(view(), term()) -> boolean().
view_includes(View, Key) ->
    is_map_key(key(Key, 'includesKey:'), view_contents(View)).

-spec view_put(view(), term(), Value) -> Value.
view_put(#{scope := globals}, Key, Value) ->
    ok = bind_text(Value, atom_to_binary(key(Key, 'at:put:')), 'at:put:'),
    Value;
view_put(#{scope := Id}, Key, Value) ->
    nil = change(Id, {put, atom_to_binary(key(Key, 'at:put:')), Value}, 'BindingsView', 'at:put:'),
    Value.

-spec view_remove(view(), term()) -> nil.
view_remove(#{scope := globals}, Key) ->
    _ = unbind_text(atom_to_binary(key(Key, 'removeKey:'))),
    nil;
view_remove(#{scope := Id}, Key) ->
    change(Id, {remove, atom_to_binary(key(Key, 'removeKey:'))}, 'BindingsView', 'removeKey:').

key(Key, _) when is_atom(Key) -> Key;
key(Key, _) when is_binary(Key) -> beamtalk_string:as_atom(Key);
key(Key, Selector) ->
    Name = atom_to_binary(beamtalk_registry:name_of(Key)),
    raise(type_error, <<"Expected a Symbol name, got an ", Name/binary>>, 'BindingsView', Selector, nil).

%% ---- errors --------------------------------------------------------------------------------------------------

-spec raise(atom(), binary(), atom(), atom(), binary() | nil) -> no_return().
raise(Kind, Text, ClassName, Selector, Hint) ->
    beamtalk_error:raise_message(beamtalk_error:exception_module(Kind), Kind, Text, ClassName, Selector, Hint).

-spec raise_type(atom(), atom(), binary()) -> no_return().
raise_type(ClassName, Selector, Hint) ->
    beamtalk_error:raise(type_error, ClassName, Selector, Hint).
