%%% Which module is which class: names, superclass chains, and the class of any term.
%%%
%%% The table maps bare class names to modules and holds the workspace's globals. It is off the path of sends: those go
%%% through the VM's export table. Nothing here runs user code except `'$info''.
-module(beamtalk_registry).

-export([
    create/0,
    register/1,
    unregister/1,
    find/1,
    modules/0,
    user_modules/0,
    loaded_at/1,
    class_name/1,
    package/1,
    name_of/1,
    module_of/1,
    class_module_of/1,
    superclass/1,
    chain/1,
    inherits/2,
    exports/3,
    info/2,
    info/3,
    bind/2,
    unbind/1,
    global/1,
    globals/0,
    annotate/3,
    annotation/2,
    forget_notes/1
]).

-define(TABLE, beamtalk_registry).
-define(LIBRARY, "bt@stdlib@").

%% Rows: {{class, Name :: binary()}, module(), LoadedAt :: integer()}, {{global, binary()}, term()},
%% {{note, Owner :: module() | integer(), What :: term()}, term()}.
-spec create() -> ok.
create() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, set, {read_concurrency, true}]),
    ok.

%% ---- names ---------------------------------------------------------------------------------------------------

-spec register(module()) -> ok.
register(Module) ->
    true = ets:insert(?TABLE, {{class, atom_to_binary(class_name(Module))}, Module, erlang:system_time(second)}),
    ok.

-spec unregister(module()) -> ok.
unregister(Module) ->
    true = ets:match_delete(?TABLE, {{class, atom_to_binary(class_name(Module))}, Module, '_'}),
    case annotation(Module, built) of
        {ok, Version} -> forget_notes(Version);
        error -> ok
    end,
    forget_notes(Module).

%% The class of a bare name. A class of the library is found on the code path although it was never loaded.
-spec find(binary()) -> {ok, module()} | error.
find(Name) ->
    case ets:lookup(?TABLE, {class, Name}) of
        [{_, Module, _}] -> {ok, Module};
        [] -> find_in_library(Name)
    end.

%% Looks for the file first: a misspelt name must not become an atom.
find_in_library(Name) ->
    case is_plain_name(Name) andalso code:where_is_file(?LIBRARY ++ unicode:characters_to_list(Name) ++ ".beam") of
        false -> error;
        non_existing -> error;
        _ -> {ok, binary_to_atom(<<?LIBRARY, Name/binary>>)}
    end.

is_plain_name(<<First, _/binary>> = Name) when First >= $A, First =< $Z ->
    re:run(Name, <<"^[A-Za-z0-9_]{1,200}$">>, [{capture, none}]) =:= match;
is_plain_name(_) ->
    false.

%% Every class: those of the library and those loaded since.
-spec modules() -> [module()].
modules() ->
    lists:usort(library_modules() ++ user_modules()).

%% Classes that were loaded at run time, among them redefined ones of the library.
-spec user_modules() -> [module()].
user_modules() ->
    [Module || [Module] <- ets:match(?TABLE, {{class, '_'}, '$1', '_'})].

-spec loaded_at(module()) -> integer().
loaded_at(Module) ->
    case ets:lookup(?TABLE, {class, atom_to_binary(class_name(Module))}) of
        [{_, Module, At}] -> At;
        _ -> 0
    end.

library_modules() ->
    case code:where_is_file(?LIBRARY ++ "Object.beam") of
        non_existing ->
            [M || {M, _} <- code:all_loaded(), lists:prefix(?LIBRARY, atom_to_list(M))];
        Path ->
            Files = filelib:wildcard(?LIBRARY ++ "*.beam", filename:dirname(Path)),
            [list_to_atom(filename:basename(File, ".beam")) || File <- Files]
    end.

%% The bare class name of a class module.
-spec class_name(module()) -> atom().
class_name(Module) ->
    case binary:split(atom_to_binary(Module), <<"@">>, [global]) of
        [<<"bt">>, _, Class] -> binary_to_atom(Class);
        _ -> Module
    end.

-spec package(module()) -> binary().
package(Module) ->
    case binary:split(atom_to_binary(Module), <<"@">>, [global]) of
        [<<"bt">>, Package, _] -> Package;
        _ -> <<>>
    end.

%% The class name of any value, as errors show it; `C class' for a class object's metaclass is not wanted there.
-spec name_of(term()) -> atom().
name_of({'$class', Module}) -> class_name(Module);
name_of({'$metaclass', Module}) -> binary_to_atom(<<(atom_to_binary(class_name(Module)))/binary, " class">>);
name_of(Value) -> class_name(class_module_of(Value)).

%% ---- the module of a value -----------------------------------------------------------------------------------

%% The module that a send to the value goes to.
-spec module_of(term()) -> module().
module_of(#{'$class' := Module}) -> Module;
module_of(Value) when is_integer(Value) -> 'bt@stdlib@Integer';
module_of(Value) when is_binary(Value) -> 'bt@stdlib@String';
module_of({'$actor', Module, _}) -> Module;
module_of({'$class', Module}) -> Module;
module_of({'$metaclass', _}) -> 'bt@stdlib@Metaclass';
module_of(true) -> 'bt@stdlib@True';
module_of(false) -> 'bt@stdlib@False';
module_of(nil) -> 'bt@stdlib@UndefinedObject';
module_of(Value) when is_atom(Value) -> 'bt@stdlib@Symbol';
module_of(Value) when is_list(Value) -> 'bt@stdlib@List';
module_of(Value) when is_float(Value) -> 'bt@stdlib@Float';
module_of(Value) when is_map(Value) -> 'bt@stdlib@Dictionary';
module_of(Value) when is_tuple(Value) -> 'bt@stdlib@Tuple';
module_of(Value) when is_function(Value) -> 'bt@stdlib@Block';
module_of(Value) when is_pid(Value) -> 'bt@stdlib@Pid';
module_of(Value) when is_reference(Value) -> 'bt@stdlib@Reference';
module_of(Value) when is_port(Value) -> 'bt@stdlib@Port';
module_of(Value) when is_bitstring(Value) -> 'bt@stdlib@Binary'.

%% The module of the class that the value says it has: a binary that is no text is a Binary.
-spec class_module_of(term()) -> module().
class_module_of(Value) when is_binary(Value) ->
    case unicode:characters_to_binary(Value) of
        Value -> 'bt@stdlib@String';
        _ -> 'bt@stdlib@Binary'
    end;
class_module_of({'$class', _}) ->
    'bt@stdlib@Metaclass';
class_module_of(Value) ->
    module_of(Value).

%% ---- the class tree ------------------------------------------------------------------------------------------

-spec superclass(module()) -> module() | nil.
superclass(Module) ->
    info(Module, superclass, nil).

%% The class and its superclasses, the class first.
-spec chain(module() | nil) -> [module()].
chain(nil) -> [];
chain(Module) -> [Module | chain(superclass(Module))].

-spec inherits(module() | nil, module()) -> boolean().
inherits(nil, _) -> false;
inherits(Module, Module) -> true;
inherits(Module, Ancestor) -> inherits(superclass(Module), Ancestor).

%% Whether the module exports the function; loads the module when it has to.
-spec exports(module(), atom(), arity()) -> boolean().
exports(Module, Function, Arity) ->
    erlang:function_exported(Module, Function, Arity) orelse
        (not erlang:module_loaded(Module) andalso
            code:ensure_loaded(Module) =:= {module, Module} andalso
            erlang:function_exported(Module, Function, Arity)).

-spec info(module(), atom()) -> term().
info(Module, Item) ->
    info(Module, Item, undefined).

%% Class metadata, or the default when the module is gone or is no class.
-spec info(module(), atom(), term()) -> term().
info(Module, Item, Default) ->
    case exports(Module, '$info', 1) of
        true ->
            case Module:'$info'(Item) of
                undefined -> Default;
                Value -> Value
            end;
        false ->
            Default
    end.

%% ---- globals and notes ---------------------------------------------------------------------------------------

-spec bind(binary(), term()) -> ok.
bind(Name, Value) ->
    true = ets:insert(?TABLE, {{global, Name}, Value}),
    ok.

%% Whether the name was bound.
-spec unbind(binary()) -> boolean().
unbind(Name) ->
    ets:take(?TABLE, {global, Name}) =/= [].

-spec global(binary()) -> {ok, term()} | error.
global(Name) ->
    case ets:lookup(?TABLE, {global, Name}) of
        [{_, Value}] -> {ok, Value};
        [] -> error
    end.

-spec globals() -> [{binary(), term()}].
globals() ->
    [{Name, Value} || [Name, Value] <- ets:match(?TABLE, {{global, '$1'}, '$2'})].

%% What was said of a class while running, such as documentation that overrides what the module carries. It is forgotten
%% with the class. A number stands for a version of a built class (beamtalk_class_builder).
-spec annotate(module() | integer(), term(), term()) -> ok.
annotate(Owner, What, Value) ->
    true = ets:insert(?TABLE, {{note, Owner, What}, Value}),
    ok.

-spec annotation(module() | integer(), term()) -> {ok, term()} | error.
annotation(Owner, What) ->
    case ets:lookup(?TABLE, {note, Owner, What}) of
        [{_, Value}] -> {ok, Value};
        [] -> error
    end.

-spec forget_notes(module() | integer()) -> ok.
forget_notes(Owner) ->
    true = ets:match_delete(?TABLE, {{note, Owner, '_'}, '_'}),
    ok.
