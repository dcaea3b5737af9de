%%% The equality that linear searches use: `=:=' first, then the element's own `equals:'.
%%%
%%% Only value objects are asked; actors compare by identity, and an answer that is no Boolean counts as false.
-module(beamtalk_equality).

-export([holds/2, member/2]).

-spec holds(term(), term()) -> boolean().
holds(Item, Item) -> true;
holds(#{'$class' := Module} = Element, Item) -> Module:'equals:'(Element, Item) =:= true;
holds(_, _) -> false.

%% Whether some element of the list equals the item.
-spec member([term()], term()) -> boolean().
member(List, Item) ->
    lists:member(Item, List) orelse lists:any(fun(Element) -> holds(Element, Item) end, List).
