%%% Primitives of Behaviour, Class and Metaclass, and names that are looked up while running.
%%%
%%% Everything comes from the modules' `'$info''. Changing code is the host's work: it has the compiler and the sources.
-module(beamtalk_class).

-export([resolve/1, class_named/1, all_classes/0]).
-export([name/1, superclass/1, subclasses/1, this_class/1, package_name/1, source_file/1]).
-export([methods/1, compiled_method/2, field_names/1, class_var_names/1]).
-export([doc/1, set_doc/2, doc_for_method/2, set_doc_for_method/3, requirement/2]).
-export([conforms_to/2, protocols/1]).
-export([ask/3, reload/1, compile/3, try_compile/3, precheck/3, recheck/0, remove_selector/2, remove_selector/3, remove_from_system/1]).

-export_type([class/0]).

-type class() :: {'$class' | '$metaclass', module()}.

%% ---- names ---------------------------------------------------------------------------------------------------

%% A name that the compiler did not know: a global of the workspace, one of the three singletons, or a class.
-spec resolve(binary()) -> term().
resolve(Name) ->
    case beamtalk_registry:global(Name) of
        {ok, Value} -> Value;
        error -> singleton_or_class(Name)
    end.

singleton_or_class(<<"Transcript">>) -> beamtalk_transcript:current();
singleton_or_class(<<"Beamtalk">>) -> #{'$class' => 'bt@stdlib@BeamtalkInterface'};
singleton_or_class(<<"Workspace">>) -> #{'$class' => 'bt@stdlib@WorkspaceInterface'};
singleton_or_class(Name) ->
    case beamtalk_registry:find(Name) of
        {ok, Module} -> {'$class', Module};
        error -> beamtalk_error:class_not_found(Name)
    end.

-spec class_named(term()) -> class() | nil.
class_named(Name) when is_atom(Name) ->
    case beamtalk_registry:find(atom_to_binary(Name)) of
        {ok, Module} -> {'$class', Module};
        error -> nil
    end;
class_named(_) ->
    beamtalk_error:raise(type_error, 'BeamtalkInterface', 'classNamed:', <<"The name must be a Symbol">>).

%% Sorted by name.
-spec all_classes() -> [class()].
all_classes() ->
    sorted(beamtalk_registry:modules()).

sorted(Modules) ->
    [{'$class', Module} || {_, Module} <- lists:sort([{beamtalk_registry:class_name(M), M} || M <- Modules])].

%% ---- the tree ------------------------------------------------------------------------------------------------

-spec name(class()) -> atom().
name(Class) ->
    beamtalk_registry:name_of(Class).

-spec superclass(class()) -> class() | nil.
superclass({Side, Module}) ->
    case {Side, beamtalk_registry:superclass(Module)} of
        {'$class', nil} -> nil;
        {'$metaclass', nil} -> {'$class', 'bt@stdlib@Class'};
        {_, Super} -> {Side, Super}
    end.

%% Direct subclasses, sorted by name.
-spec subclasses(class()) -> [class()].
subclasses({Side, Module}) ->
    Modules = [M || M <- beamtalk_registry:modules(), beamtalk_registry:superclass(M) =:= Module],
    [{Side, M} || {_, M} <- sorted(Modules)].

-spec this_class(class()) -> class().
this_class({_, Module}) ->
    {'$class', Module}.

-spec package_name(class()) -> binary() | nil.
package_name({_, Module}) ->
    beamtalk_package:of_module(Module).

-spec source_file(class()) -> binary() | nil.
source_file({_, Module}) ->
    beamtalk_registry:info(Module, source_file, nil).

%% ---- members -------------------------------------------------------------------------------------------------

%% Own selectors of the class's side, extensions included.
-spec methods(class()) -> [atom()].
methods({Side, Module} = Class) ->
    Own = [element(1, Method) || Method <- own_methods(Class)],
    lists:usort(Own ++ extensions(Side, Module)).

own_methods({'$class', Module}) -> beamtalk_registry:info(Module, methods, []);
own_methods({'$metaclass', Module}) -> beamtalk_registry:info(Module, class_methods, []).

extensions(Side, Module) ->
    [
        Selector
     || {Function, _} <- beamtalk_ext:selectors(Module),
        {S, Selector} <- [side_of(atom_to_binary(Function))],
        S =:= Side
    ].

side_of(<<"class ", Selector/binary>>) -> {'$metaclass', binary_to_atom(Selector)};
side_of(<<"$module_info">>) -> {'$class', module_info};
side_of(Selector) -> {'$class', binary_to_atom(Selector)}.

%% `>>': a CompiledMethod, own or inherited, or nil. Metaclasses inherit from Class in the end.
-spec compiled_method(class(), atom()) -> map() | nil.
compiled_method({'$metaclass', _} = Class, Selector) ->
    case method_of(Class, Selector) of
        nil -> method_of({'$class', 'bt@stdlib@Class'}, Selector);
        Method -> Method
    end;
compiled_method(Class, Selector) ->
    method_of(Class, Selector).

method_of({Side, Module}, Selector) ->
    case find_definer(beamtalk_registry:chain(Module), Side, Selector) of
        {ok, Definer, ArgumentCount, Doc} ->
            #{
                '$class' => 'bt@stdlib@CompiledMethod',
                selector => Selector,
                source => source({Side, Definer}, Selector),
                doc => Doc,
                argumentCount => ArgumentCount
            };
        error ->
            nil
    end.

find_definer([Module | Rest], Side, Selector) ->
    case lists:keyfind(Selector, 1, own_methods({Side, Module})) of
        {_, Count, _, _, Doc} ->
            {ok, Module, Count, method_note({Side, Module}, Selector, Doc)};
        false ->
            case lists:member(Selector, extensions(Side, Module)) of
                true -> {ok, Module, beamtalk_dispatch:selector_arity(Selector), nil};
                false -> find_definer(Rest, Side, Selector)
            end
    end;
find_definer([], _, _) ->
    error.

%% The text of a method is with the host; a node alone has none. A built class has what its builder was told.
source({Side, Module} = Class, Selector) ->
    case {beamtalk_registry:annotation(Module, built), beamtalk_registry:annotation(Module, {source, Side, Selector})} of
        {error, _} -> source_of_host(Class, Selector);
        {_, {ok, Text}} -> Text;
        {_, error} -> <<>>
    end.

source_of_host(Class, Selector) ->
    case ask_host(method_source, Class, [atom_to_binary(Selector)]) of
        {ok, Text} when is_binary(Text) -> Text;
        _ -> <<>>
    end.

-spec field_names(class()) -> [atom()].
field_names({_, Module}) ->
    [Name || {Name, _} <- beamtalk_registry:info(Module, fields, [])].

-spec class_var_names(class()) -> [atom()].
class_var_names({_, Module}) ->
    beamtalk_registry:info(Module, class_state, []).

%% ---- documentation -------------------------------------------------------------------------------------------

-spec doc(class()) -> binary() | nil.
doc({_, Module}) ->
    case beamtalk_registry:annotation(Module, doc) of
        {ok, Text} -> Text;
        error -> beamtalk_registry:info(Module, doc, nil)
    end.

-spec set_doc(Class, binary() | nil) -> Class when Class :: class().
set_doc({_, Module} = Class, Text) when is_binary(Text); Text =:= nil ->
    beamtalk_registry:annotate(Module, doc, Text),
    Class;
set_doc(Class, _) ->
    beamtalk_error:raise(type_error, name(Class), 'doc:', <<"The text must be a String or nil">>).

-spec doc_for_method(class(), atom()) -> binary() | nil.
doc_for_method(Class, Selector) ->
    case {lists:keyfind(Selector, 1, own_methods(Class)), requirement(Class, Selector)} of
        {{_, _, _, _, Doc}, _} -> method_note(Class, Selector, Doc);
        {false, {ok, _, Doc}} -> method_note(Class, Selector, Doc);
        {false, error} -> nil
    end.

%% What a protocol says itself of a method that it asks for: how it is written, and its documentation.
-spec requirement(class(), atom()) -> {ok, Signature :: binary(), Doc :: binary() | nil} | error.
requirement({Side, Module}, Selector) ->
    Written = beamtalk_registry:info(Module, requirements, []),
    case [{Signature, Doc} || {Function, Signature, Doc} <- Written, side_of(atom_to_binary(Function)) =:= {Side, Selector}] of
        [{Signature, Doc} | _] -> {ok, Signature, Doc};
        [] -> error
    end.

method_note({Side, Module}, Selector, Doc) ->
    case beamtalk_registry:annotation(Module, {doc, Side, Selector}) of
        {ok, Text} -> Text;
        error -> Doc
    end.

-spec set_doc_for_method(Class, atom(), binary() | nil) -> Class when Class :: class().
set_doc_for_method({Side, Module} = Class, Selector, Text) when is_binary(Text); Text =:= nil ->
    beamtalk_registry:annotate(Module, {doc, Side, Selector}, Text),
    Class;
set_doc_for_method(Class, _, _) ->
    beamtalk_error:raise(type_error, name(Class), 'setDocForMethod:to:', <<"The text must be a String or nil">>).

%% ---- protocols -----------------------------------------------------------------------------------------------

%% A protocol is a class whose `'$info'(requires)' lists the selectors it wants (`'class sel'' for the class side).
-spec conforms_to(class(), atom()) -> boolean().
conforms_to(Class, Protocol) when is_atom(Protocol) ->
    case beamtalk_registry:find(atom_to_binary(Protocol)) of
        {ok, Module} -> conforms(Class, beamtalk_registry:info(Module, requires));
        error -> false
    end;
conforms_to(_, _) ->
    false.

conforms(_, undefined) ->
    false;
conforms({_, Module}, Required) ->
    lists:all(
        fun(Function) ->
            {_, Selector} = side_of(atom_to_binary(Function)),
            Arity = beamtalk_dispatch:selector_arity(Selector) + 1,
            beamtalk_dispatch:find_method(Module, Function, Arity) =/= error
        end,
        Required
    ).

%% Names of the protocols that the class conforms to, sorted.
-spec protocols(class()) -> [atom()].
protocols(Class) ->
    lists:sort([
        beamtalk_registry:class_name(Module)
     || Module <- beamtalk_registry:modules(),
        conforms(Class, beamtalk_registry:info(Module, requires))
    ]).

%% ---- changing code -------------------------------------------------------------------------------------------

-spec reload(Class) -> Class when Class :: class().
reload(Class) ->
    case source_file(Class) of
        nil ->
            Name = atom_to_binary(name(Class)),
            Text = <<Name/binary, " has no source file; stdlib classes cannot be reloaded">>,
            beamtalk_error:raise_message('bt@stdlib@Error', no_source_file, Text, name(Class), reload, nil);
        _ ->
            by_host(Class, reload, reload, [])
    end.

-spec compile(Class, term(), term()) -> Class when Class :: class().
compile(Class, Selector, Source) ->
    install(Class, 'compile:source:', Selector, Source, durable).

-spec try_compile(Class, term(), term()) -> Class when Class :: class().
try_compile(Class, Selector, Source) ->
    install(Class, 'tryCompile:source:', Selector, Source, ephemeral).

install(Class, Outer, Selector, Source, Durability) when is_atom(Selector), is_binary(Source) ->
    by_host(Class, Outer, compile, [atom_to_binary(Selector), Source, Durability]);
install(Class, Outer, Selector, Source, Durability) when is_binary(Selector), is_binary(Source) ->
    by_host(Class, Outer, compile, [Selector, Source, Durability]);
install(Class, Outer, Selector, Source, _) when is_atom(Selector); is_binary(Selector) ->
    not_a_body(Class, Outer, Source);
install(Class, Outer, Selector, _, _) ->
    Given = beamtalk_display:short(Selector),
    Text = <<(atom_to_binary(Outer))/binary, " expects a Symbol selector, got: ", Given/binary>>,
    beamtalk_error:raise_message('bt@stdlib@TypeError', type_error, Text, name(Class), Outer, nil).

-spec not_a_body(class(), atom(), term()) -> no_return().
not_a_body(Class, Outer, Source) ->
    Given = beamtalk_display:short(Source),
    Text = <<(atom_to_binary(Outer))/binary, " expects a String body, got: ", Given/binary>>,
    beamtalk_error:raise_message('bt@stdlib@TypeError', type_error, Text, name(Class), Outer, nil).

%% What a new text of a method would mean for those that send it; nothing is changed.
-spec precheck(class(), atom(), term()) -> #{atom() => term()}.
precheck(Class, Selector, Source) when is_atom(Selector), is_binary(Source) ->
    Outer = 'precheckCompile:source:',
    {Findings, Owners, Candidates} = asked(Class, Outer, precheck, [atom_to_binary(Selector), Source]),
    Checked = length(Owners),
    #{
        findings => [finding(name(Class), Selector, Finding) || Finding <- Findings],
        checked => Checked,
        totalCandidates => Candidates,
        notChecked => Candidates - Checked,
        capNote => case Candidates - Checked of 0 -> nil; More -> <<(integer_to_binary(More))/binary, " more not checked">> end,
        checkedOwners => [binary_to_atom(Owner) || Owner <- Owners]
    };
precheck(Class, _, Source) ->
    not_a_body(Class, 'precheckCompile:source:', Source).

%% All classes as they are.
-spec recheck() -> #{atom() => term()}.
recheck() ->
    {Findings, Owners, _} = ask(recheck, 'WorkspaceInterface', recheckImage),
    #{
        checked => length(Owners),
        stale => length(lists:usort([element(1, Finding) || Finding <- Findings])),
        findings => [
            (finding(binary_to_atom(Owner), binary_to_atom(Method), Finding))#{classification := self_edit}
         || {Owner, Method, _, _, _, _, _, _} = Finding <- Findings
        ]
    }.

finding(Changed, Selector, {Owner, Method, Line, Severity, Category, Message, Start, End}) ->
    #{
        owner => binary_to_atom(Owner),
        changedClass => Changed,
        selector => Selector,
        classification => signature_change,
        severity => binary_to_atom(Severity),
        category => binary_to_atom(Category),
        message => Message,
        note => nil,
        sites => [#{method => binary_to_atom(Method), line => Line}],
        start => Start,
        'end' => End
    }.

%% An extension goes first; then the local method, which only the compiler can take out.
-spec remove_selector(Class, atom()) -> Class when Class :: class().
remove_selector(Class, Selector) ->
    case removed(Class, Selector) of
        true -> Class;
        false -> beamtalk_error:raise(selector_not_found, name(Class), Selector)
    end.

-spec remove_selector(class(), atom(), term()) -> term().
remove_selector(Class, Selector, IfAbsent) ->
    case removed(Class, Selector) of
        true -> Class;
        false -> beamtalk_dispatch:send(IfAbsent, value, [])
    end.

removed({Side, Module} = Class, Selector) when is_atom(Selector) ->
    Function =
        case Side of
            '$class' -> beamtalk_dispatch:instance_function(Selector);
            '$metaclass' -> beamtalk_dispatch:class_function(Selector)
        end,
    case beamtalk_ext:remove(Module, Function) of
        true ->
            true;
        false ->
            lists:keymember(Selector, 1, own_methods(Class)) andalso
                by_host(Class, 'removeSelector:', remove_selector, [atom_to_binary(Selector)]) =:= Class
    end;
removed(_, _) ->
    false.

-spec remove_from_system(class()) -> nil.
remove_from_system({_, Module} = Class) ->
    Name = atom_to_binary(beamtalk_registry:class_name(Module)),
    case {beamtalk_registry:package(Module), subclasses({'$class', Module})} of
        {<<"stdlib">>, _} ->
            refuse_removal(Class, <<"Cannot remove stdlib class '", Name/binary, "'">>, nil);
        {_, []} ->
            case beamtalk_loader:unload([Module]) of
                ok ->
                    %% Only now: the host must know a class that stays.
                    _ = ask_host(remove_class, Class, []),
                    nil;
                {error, Kind, Text} ->
                    raise_text(Class, Kind, Text, nil)
            end;
        {_, Subclasses} ->
            Names = lists:join(", ", [atom_to_binary(name(Subclass)) || Subclass <- Subclasses]),
            Hint = iolist_to_binary(["Remove subclasses first: ", Names]),
            refuse_removal(Class, <<"Cannot remove class '", Name/binary, "'; it has subclasses">>, Hint)
    end.

-spec refuse_removal(class(), binary(), binary() | nil) -> no_return().
refuse_removal(Class, Text, Hint) ->
    raise_text(Class, runtime_error, Text, Hint).

-spec raise_text(class(), atom(), binary(), binary() | nil) -> no_return().
raise_text(Class, Kind, Text, Hint) ->
    Exception = beamtalk_error:exception_module(Kind),
    beamtalk_error:raise_message(Exception, Kind, Text, name(Class), removeFromSystem, Hint).

%% Asks the host for a change of code; answers the class when it is done.
by_host(Class, Selector, What, Args) ->
    _ = asked(Class, Selector, What, Args),
    Class.

asked({Side, Module} = Class, Selector, What, Args) ->
    ask(request(What, Side, Module, Args), name(Class), Selector).

%% Asks the host for a method of a class; answers what it says, or raises.
-spec ask(term(), atom(), atom()) -> term().
ask(Request, ClassName, Selector) ->
    case beamtalk_host:call(Request) of
        {ok, Answer} ->
            Answer;
        {error, #{kind := Kind, message := Message} = Error} ->
            Module = beamtalk_error:exception_module(binary_to_atom(Kind)),
            Hint = maps:get(hint, Error, nil),
            beamtalk_error:raise_message(Module, binary_to_atom(Kind), Message, ClassName, Selector, Hint);
        no_host ->
            Hint = <<"This node runs without a compiler.">>,
            beamtalk_error:raise(no_compiler, ClassName, Selector, Hint)
    end.

ask_host(What, {Side, Module}, Args) ->
    beamtalk_host:call(request(What, Side, Module, Args)).

request(What, Side, Module, Args) ->
    SideName = case Side of '$class' -> instance; '$metaclass' -> class end,
    list_to_tuple([What, atom_to_binary(Module), SideName | Args]).
