%%% Questions about all methods. Only the host's compiler knows what they say; here its answers become objects.
-module(beamtalk_navigation).

-export([ask/3, extensions/1]).

%% A place in a method, with something more that the question is about; a text that is no class's has no class.
-type row() :: {beamtalk_class:class() | nil, Selector :: atom(), Line :: non_neg_integer(), Mark :: binary()}.

%% Asks a query of `node-protocol.md' for a method of SystemNavigation. A class stands for its module.
-spec ask(atom(), [term()], atom()) -> [row()].
ask(Query, Arguments, Selector) ->
    Request =
        case Arguments of
            [] -> Query;
            _ -> list_to_tuple([Query | [of_host(Argument) || Argument <- Arguments]])
        end,
    [row(Site) || Site <- beamtalk_class:ask(Request, 'SystemNavigation', Selector)].

%% The methods that packages add to classes; marks are packages.
-spec extensions(atom()) -> [row()].
extensions(Selector) ->
    Rows = ask(extensions, [], Selector),
    Packages = beamtalk_package:of_sources([Mark || {_, _, _, Mark} <- Rows]),
    [
        {Class, Method, Line, Package}
     || {Class, Method, Line, Mark} <- Rows, Package <- [maps:get(Mark, Packages)], Package =/= nil
    ].

of_host({Side, Module}) when Side =:= '$class'; Side =:= '$metaclass' -> Module;
of_host(List) when is_list(List) -> [of_host(Element) || Element <- List];
of_host(Other) -> Other.

row({<<>>, _, _, Line, Mark}) ->
    {nil, nil, Line, Mark};
row({Module, Side, Selector, Line, Mark}) ->
    Tag = case Side of instance -> '$class'; class -> '$metaclass' end,
    {{Tag, binary_to_atom(Module)}, binary_to_atom(Selector), Line, Mark}.
