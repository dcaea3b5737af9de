%%% What Workspace and ChangeLog do with the log of changes. The log and the files are the host's.
-module(beamtalk_change_log).

-export([changes/0, clear/0, revert/1, new_class/2]).
-export([flush/0, flush/1, flush/2, flush_kinds/2, flush_kinds/3, autoflush/0, autoflush/1]).

-define(KINDS, [instance, class, 'new-class', 'remove-method', 'remove-class']).
-define(AUTHORS, [human, agent]).

-type entry() :: #{'$class' := module(), seq := integer(), atom() => term()}.
-type log() :: #{'$class' := module(), entries := [entry()]}.
-type result() :: #{'$class' := module(), atom() => term()}.

%% ---- the log -------------------------------------------------------------------------------------------------

-spec changes() -> log().
changes() ->
    log([entry(Change) || Change <- ask(changes, 'WorkspaceInterface', changes)]).

log(Entries) ->
    #{'$class' => 'bt@stdlib@ChangeLog', entries => Entries}.

entry({Seq, Class, Selector, Kind, Side, Intent, Author, File, Diff, Marks}) ->
    Is = fun(Mark) -> lists:member(Mark, Marks) end,
    #{
        '$class' => 'bt@stdlib@ChangeEntry',
        seq => Seq,
        className => binary_to_atom(Class),
        selector => symbol(Selector),
        kind => binary_to_atom(Kind),
        side => symbol(Side),
        intent => binary_to_atom(Intent),
        authorKind => binary_to_atom(Author),
        sourceFile => File,
        diff => Diff,
        isFlushable => Is(<<"flushable">>),
        isOrphan => Is(<<"orphan">>),
        isPriorEpoch => Is(<<"prior_epoch">>),
        isActive => Is(<<"active">>),
        isShadowed => Is(<<"shadowed">>),
        isClean => Is(<<"clean">>)
    }.

symbol(nil) -> nil;
symbol(Text) -> binary_to_atom(Text).

-spec clear() -> log().
clear() ->
    _ = ask(clear_changes, 'ChangeLog', clear),
    log([]).

-spec revert(term()) -> beamtalk_class:class().
revert(#{'$class' := 'bt@stdlib@ChangeEntry', seq := Seq}) when is_integer(Seq), Seq >= 0 ->
    beamtalk_class:resolve(ask({revert, Seq}, 'ChangeLog', 'revert:'));
revert(Other) ->
    type_error('ChangeLog', 'revert:', ["revert: expects a ChangeEntry, got ", kind_of(Other)]).

%% Loads a class whose file is written with the next flush.
-spec new_class(term(), term()) -> [beamtalk_class:class()].
new_class(Source, Path) when is_binary(Source), is_binary(Path) ->
    [beamtalk_class:resolve(Name) || Name <- ask({new_class, Source, Path}, 'WorkspaceInterface', 'newClass:at:')];
new_class(Source, _) when not is_binary(Source) ->
    type_error('WorkspaceInterface', 'newClass:at:', ["newClass:at: expects a String source, got ", kind_of(Source)]);
new_class(_, Path) ->
    type_error('WorkspaceInterface', 'newClass:at:', ["newClass:at: expects a String path, got ", kind_of(Path)]).

%% ---- writing to files ----------------------------------------------------------------------------------------

-spec flush() -> result().
flush() ->
    flushed({flush, nil, [], [], nil, false}, 'WorkspaceInterface', flush).

-spec flush(term()) -> result().
flush(Filter) ->
    flush(Filter, false, 'flush:').

-spec flush(term(), term()) -> result().
flush(Filter, Destructive) when is_boolean(Destructive) ->
    flush(Filter, Destructive, 'flush:confirmDestructive:');
flush(_, Other) ->
    not_boolean('WorkspaceInterface', 'flush:confirmDestructive:', Other).

flush(nil, Destructive, Selector) when Selector =:= 'flush:confirmDestructive:' ->
    flushed({flush, nil, [], [], nil, Destructive}, 'WorkspaceInterface', Selector);
flush({Side, _} = Class, Destructive, Selector) when Side =:= '$class'; Side =:= '$metaclass' ->
    Name = atom_to_binary(beamtalk_class:name(beamtalk_class:this_class(Class))),
    flushed({flush, Name, [], [], nil, Destructive}, 'WorkspaceInterface', Selector);
flush(Symbol, Destructive, Selector) when is_atom(Symbol), not is_boolean(Symbol), Symbol =/= nil ->
    Name = atom_to_binary(Symbol),
    case lists:member(Symbol, ?KINDS) of
        true -> flushed({flush, nil, [Name], [], nil, Destructive}, 'WorkspaceInterface', Selector);
        false -> flushed({flush, Name, [], [], nil, Destructive}, 'WorkspaceInterface', Selector)
    end;
flush(#{file := Path} = Filter, Destructive, Selector) when is_binary(Path), not is_map_key('$class', Filter) ->
    flushed({flush, nil, [], [], Path, Destructive}, 'WorkspaceInterface', Selector);
flush(Filter, _, Selector) when is_map(Filter), not is_map_key('$class', Filter) ->
    type_error('WorkspaceInterface', Selector, "flush: expects a Dictionary with a String path at #file");
flush(Other, _, Selector) ->
    Text = ["flush: expects a Class, a Symbol or a Dictionary with #file, got ", kind_of(Other)],
    type_error('WorkspaceInterface', Selector, Text).

-spec flush_kinds(log(), term()) -> result().
flush_kinds(Log, Kinds) ->
    flush_kinds(Log, Kinds, false, 'flushKinds:').

-spec flush_kinds(log(), term(), term()) -> result().
flush_kinds(Log, Kinds, Destructive) when is_boolean(Destructive) ->
    flush_kinds(Log, Kinds, Destructive, 'flushKinds:confirmDestructive:');
flush_kinds(_, _, Other) ->
    not_boolean('ChangeLog', 'flushKinds:confirmDestructive:', Other).

flush_kinds(_, [], _, Selector) ->
    type_error('ChangeLog', Selector, ["flushKinds: requires at least one kind Symbol; allowed: ", allowed()]);
flush_kinds(_, Kinds, Destructive, Selector) when is_list(Kinds) ->
    case [Kind || Kind <- Kinds, not lists:member(Kind, ?KINDS ++ ?AUTHORS)] of
        [] ->
            Of = fun(Known) -> [atom_to_binary(Kind) || Kind <- Kinds, lists:member(Kind, Known)] end,
            flushed({flush, nil, Of(?KINDS), Of(?AUTHORS), nil, Destructive}, 'ChangeLog', Selector);
        Unknown ->
            Names = lists:join(", ", [shown(Kind) || Kind <- Unknown]),
            type_error('ChangeLog', Selector, ["flushKinds: unrecognised kind symbol(s): ", Names, ". Allowed: ", allowed()])
    end;
flush_kinds(Log, #{'$class' := 'bt@stdlib@Set', elements := Kinds}, Destructive, Selector) ->
    flush_kinds(Log, Kinds, Destructive, Selector);
flush_kinds(_, Other, _, Selector) ->
    type_error('ChangeLog', Selector, ["flushKinds: expects a Set or List of Symbols, got ", kind_of(Other)]).

allowed() ->
    lists:join(", ", [atom_to_binary(Kind) || Kind <- ?KINDS ++ ?AUTHORS]).

shown(Kind) when is_atom(Kind) -> atom_to_binary(Kind);
shown(Kind) -> beamtalk_display:short(Kind).

flushed(Request, ClassName, Selector) ->
    {Flushed, Files, NewClasses, RemovedClasses, Skipped, Conflicts} = ask(Request, ClassName, Selector),
    #{
        '$class' => 'bt@stdlib@FlushResult',
        flushed => Flushed,
        files => Files,
        newClasses => NewClasses,
        removedClasses => RemovedClasses,
        skipped => [#{class => binary_to_atom(Class), reason => Reason, seq => Seq} || {Class, Reason, Seq} <- Skipped],
        conflicts => [
            #{file => File, reason => binary_to_atom(Reason), seqs => Seqs, detail => Detail}
         || {File, Reason, Seqs, Detail} <- Conflicts
        ]
    }.

-spec autoflush() -> boolean().
autoflush() ->
    ask(autoflush, 'WorkspaceInterface', autoflush).

-spec autoflush(term()) -> boolean().
autoflush(On) when is_boolean(On) ->
    ask({autoflush, On}, 'WorkspaceInterface', 'autoflush:');
autoflush(Other) ->
    not_boolean('WorkspaceInterface', 'autoflush:', Other).

%% ---- questions and errors ------------------------------------------------------------------------------------

ask(Request, ClassName, Selector) ->
    beamtalk_class:ask(Request, ClassName, Selector).

-spec not_boolean(atom(), atom(), term()) -> no_return().
not_boolean(ClassName, Selector, Other) ->
    type_error(ClassName, Selector, [atom_to_binary(Selector), " expects a Boolean, got ", kind_of(Other)]).

-spec type_error(atom(), atom(), iodata()) -> no_return().
type_error(ClassName, Selector, Text) ->
    beamtalk_error:raise_message('bt@stdlib@TypeError', type_error, iolist_to_binary(Text), ClassName, Selector, nil).

kind_of(Value) ->
    atom_to_binary(beamtalk_registry:name_of(Value)).
